-- Who works in this database. Run by a superuser in the application's database, again after every restore; twice is once.
-- The embedded server and deploy/postgres.sql run this very file; which role may do what with which table is settled by
-- `manage.py migrate` (audit/database/grants.py).
--   mlops_owner      owns everything, signs in never
--   mlops_migrator   becomes the owner for `manage.py migrate`, and for that alone
--   mlops            the application: web, worker, beat
--   mlops_sequencer  gives events their place in the tree
--   mlops_eraser     owns the functions that let sealed values and archived bytes go, signs in never
--   mlops_reader     reads the log: an auditor, a copy
DO $$
DECLARE
    name text;
    membership text;
BEGIN
    FOREACH name IN ARRAY ARRAY['mlops_owner', 'mlops_eraser', 'mlops_migrator', 'mlops', 'mlops_sequencer', 'mlops_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
        EXECUTE format('ALTER ROLE %I %s', name, CASE WHEN name IN ('mlops_owner', 'mlops_eraser') THEN 'NOLOGIN' ELSE 'LOGIN' END);
    END LOOP;
    -- Nobody is more than one of them, whatever was granted before.
    FOR membership IN
        SELECT format('REVOKE %I FROM %I', role.rolname, member.rolname)
        FROM pg_auth_members JOIN pg_roles role ON role.oid = roleid JOIN pg_roles member ON member.oid = pg_auth_members.member
        WHERE role.rolname IN ('mlops_owner', 'mlops_eraser', 'mlops_migrator', 'mlops_sequencer')
            AND member.rolname IN ('mlops', 'mlops_sequencer', 'mlops_reader', 'mlops_eraser')
    LOOP
        EXECUTE membership;
    END LOOP;
END $$;
GRANT mlops_owner TO mlops_migrator WITH INHERIT FALSE, SET TRUE;
GRANT mlops_eraser TO mlops_owner;

-- Everything here has one owner, whoever made or restored it; the eraser's functions and extensions excepted.
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER TABLE %s OWNER TO mlops_owner', oid::regclass) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            AND relowner <> 'mlops_owner'::regrole
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i', 'e') AND classid = 'pg_class'::regclass)
        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO mlops_owner', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner NOT IN ('mlops_owner'::regrole, 'mlops_eraser'::regrole)
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e' AND classid = 'pg_proc'::regclass)
    LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE format('ALTER DATABASE %I OWNER TO mlops_owner', current_database());
    -- TEMPORARY too: a table of the session's own must not stand in for one of ours.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, mlops, mlops_sequencer, mlops_eraser, mlops_reader', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mlops_migrator, mlops, mlops_sequencer, mlops_reader', current_database());
END $$;
ALTER SCHEMA public OWNER TO mlops_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC, mlops, mlops_sequencer, mlops_eraser, mlops_reader;
GRANT USAGE ON SCHEMA public TO PUBLIC;
