-- Run once when the server is new, by its superuser: the database, the roles that work in it, and their passwords.
-- The image's entry point finds this file and, one folder up, the roles (deploy/compose.yaml).
CREATE DATABASE mlops;
\connect mlops
\ir ../mlops_server/roles.sql
\getenv application APPLICATION_PASSWORD
\getenv sequencer SEQUENCER_PASSWORD
\getenv migrator MIGRATOR_PASSWORD
\getenv reader READER_PASSWORD
ALTER ROLE mlops PASSWORD :'application';
ALTER ROLE mlops_sequencer PASSWORD :'sequencer';
ALTER ROLE mlops_migrator PASSWORD :'migrator';
ALTER ROLE mlops_reader PASSWORD :'reader';
