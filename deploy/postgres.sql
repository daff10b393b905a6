-- The application's role and its database, made once when the server is new: it owns its tables and is no superuser,
-- so it cannot switch the triggers off that guard the audit log.
\getenv password DATABASE_PASSWORD
CREATE ROLE mlops LOGIN PASSWORD :'password';
CREATE DATABASE mlops OWNER mlops;
