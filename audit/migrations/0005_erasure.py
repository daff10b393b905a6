"""Erasing by a role of its own: what the database itself asks for before a sealed value or a key may go."""

from django.db import migrations

# An erasure and a hold that is being placed wait for one another: neither may overlook the other.
LOCK = 0x6D6C6F7073455241
HOLDS = f"""
CREATE FUNCTION audit_holds_over(event_id uuid, people text[]) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT hold.id FROM public.audit_hold hold
    WHERE hold.released_at IS NULL AND (
        (hold.person = '' AND hold.subject_type = '')
        OR (hold.person <> '' AND (hold.person = ANY (people) OR EXISTS (
            SELECT FROM public.audit_event event WHERE event.id = event_id AND event.actor = hold.person
        )))
        OR (hold.subject_type <> '' AND event_id IS NOT NULL AND EXISTS (
            SELECT FROM public.audit_event event WHERE event.id = event_id
                AND event.subject_type = hold.subject_type AND hold.subject_id IN ('', event.subject_id)
        ))
        OR (hold.subject_type <> '' AND event_id IS NULL AND EXISTS (
            SELECT FROM public.audit_sealed sealed JOIN public.audit_event event USING (ticket)
            WHERE sealed.person = ANY (people) AND sealed.content IS NOT NULL
                AND event.subject_type = hold.subject_type AND hold.subject_id IN ('', event.subject_id)
        ))
    ) ORDER BY hold.id
$$;
CREATE FUNCTION audit_hold_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    IF TG_OP = 'INSERT' AND NEW.released_at IS NULL THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' AND OLD.released_at IS NULL
        AND (to_jsonb(NEW) - '{{released_by,released_at,revision}}'::text[])
            = (to_jsonb(OLD) - '{{released_by,released_at,revision}}'::text[])
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'A hold is placed, and released once; % is refused.', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER stands BEFORE INSERT OR UPDATE OR DELETE ON audit_hold FOR EACH ROW EXECUTE FUNCTION audit_hold_stands();
ALTER TABLE audit_hold ENABLE ALWAYS TRIGGER stands;
CREATE FUNCTION audit_redaction_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state IN ('requested', 'refused') THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'requested'
        AND (to_jsonb(NEW) - '{{state,refusal,decided_by,decided_at,revision}}'::text[])
            = (to_jsonb(OLD) - '{{state,refusal,decided_by,decided_at,revision}}'::text[])
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'An erasure is requested, and decided once; % is refused.', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER decided_once BEFORE INSERT OR UPDATE OR DELETE ON audit_redaction
    FOR EACH ROW EXECUTE FUNCTION audit_redaction_decided_once();
ALTER TABLE audit_redaction ENABLE ALWAYS TRIGGER decided_once;
"""
HOLDS_BEFORE = """
DROP FUNCTION audit_redaction_decided_once() CASCADE;
DROP FUNCTION audit_hold_stands() CASCADE;
DROP FUNCTION audit_holds_over(uuid, text[]);
"""
# Nothing is sealed under a key that goes while it is written: who writes holds the key, who destroys it waits, and who
# comes after finds no key, stores nothing, and makes another. (The key of what is about nobody is never destroyed.)
LIVES = """
CREATE FUNCTION audit_sealed_under_living() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.person = '' THEN RETURN NEW; END IF;
    PERFORM pg_advisory_xact_lock_shared(1835822960, (NEW.key % 2147483647)::int);
    IF EXISTS (SELECT FROM public.audit_data_key data_key
        WHERE data_key.id = NEW.key AND data_key.person = NEW.person AND data_key.wrapped IS NOT NULL)
    THEN RETURN NEW; END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER under_living BEFORE INSERT ON audit_sealed
    FOR EACH ROW EXECUTE FUNCTION audit_sealed_under_living();
ALTER TABLE audit_sealed ENABLE ALWAYS TRIGGER under_living;
"""
LIVES_BEFORE = "DROP FUNCTION audit_sealed_under_living() CASCADE;"
# The only way to a shorter content or to a key's end; `audit/database/grants.py` gives it to the eraser, who alone may update
# these columns. What it does stands, word for word, in an entry of the very transaction in which it does it.
ERASE = f"""
CREATE FUNCTION audit_erase(redaction_id uuid, people text[], was bytea[], becomes bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    wanted public.audit_redaction;
    told jsonb;
    hold uuid;
    erased bigint;
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    SELECT * INTO wanted FROM public.audit_redaction redaction WHERE redaction.id = redaction_id;
    IF wanted.id IS NULL OR wanted.state <> 'executed' OR wanted.requested_by = '' OR wanted.decided_by = ''
        OR wanted.requested_by = wanted.decided_by OR wanted.decided_by = wanted.person
        OR (wanted.event IS NULL) = (wanted.person = '')
    THEN
        RAISE EXCEPTION 'No erasure % was requested by one person and approved by another.', redaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT convert_from(event.leaf, 'UTF8')::jsonb -> 'data' INTO told
        FROM public.audit_pending pending JOIN public.audit_event event ON event.ticket = pending.ticket
        WHERE pending.xid = pg_current_xact_id() AND event.event = 'redaction.executed'
            AND event.subject_type = 'redaction' AND event.subject_id = redaction_id::text
            AND event.actor = wanted.decided_by;
    IF told IS NULL OR told -> 'fields' IS DISTINCT FROM to_jsonb(wanted.fields)
        OR told ->> 'person' IS DISTINCT FROM wanted.person
        OR (told ->> 'event')::uuid IS DISTINCT FROM wanted.event
        OR (SELECT count(*) FROM public.audit_event event WHERE event.subject_type = 'redaction'
            AND event.subject_id = redaction_id::text AND event.event = 'redaction.executed') <> 1
    THEN
        RAISE EXCEPTION 'Erasure % has no event of this transaction that says what it erases.', redaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT public.audit_holds_over(wanted.event, CASE WHEN wanted.event IS NULL THEN ARRAY[wanted.person] ELSE people END)
        INTO hold LIMIT 1;
    IF hold IS NOT NULL THEN
        RAISE EXCEPTION 'Hold % stands over what erasure % would erase.', hold, redaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF wanted.event IS NULL THEN
        PERFORM pg_advisory_xact_lock(1835822960, (data_key.id % 2147483647)::int) FROM public.audit_data_key data_key
            WHERE data_key.person = wanted.person AND data_key.wrapped IS NOT NULL;
        UPDATE public.audit_data_key data_key SET wrapped = NULL
            WHERE data_key.person = wanted.person AND wrapped IS NOT NULL AND told -> 'keys' @> to_jsonb(data_key.id);
        IF EXISTS (SELECT FROM public.audit_data_key data_key WHERE data_key.person = wanted.person AND wrapped IS NOT NULL)
        THEN
            RAISE EXCEPTION 'The event of erasure % does not name the living key.', redaction_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        UPDATE public.audit_sealed sealed SET content = NULL
            WHERE sealed.person = wanted.person AND sealed.content IS NOT NULL;
        GET DIAGNOSTICS erased = ROW_COUNT;
        RETURN erased;
    END IF;
    UPDATE public.audit_sealed sealed SET content = given.becomes
        FROM unnest(people, was, becomes) AS given (person, was, becomes), public.audit_event event
        WHERE event.id = wanted.event AND sealed.ticket = event.ticket
            AND sealed.person = given.person AND sealed.content = given.was;
    GET DIAGNOSTICS erased = ROW_COUNT;
    IF erased <> cardinality(people) OR erased = 0 THEN
        RAISE EXCEPTION 'What erasure % would erase has changed.', redaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN erased;
END $$;
"""
ERASE_BEFORE = "DROP FUNCTION audit_erase(uuid, text[], bytea[], bytea[]);"
# All living keys or none, so that no key is left that only the old file opens: the lock waits for whoever is making one.
REWRAP = """
CREATE FUNCTION audit_rewrap(keys bigint[], was bytea[], becomes bytea[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    LOCK TABLE public.audit_data_key IN SHARE ROW EXCLUSIVE MODE;
    IF NOT EXISTS (
        SELECT FROM public.audit_pending pending JOIN public.audit_event event ON event.ticket = pending.ticket
        WHERE pending.xid = pg_current_xact_id() AND event.event = 'log.sealing_key_rotated'
    ) THEN
        RAISE EXCEPTION 'Keys are wrapped anew only with an event of the same transaction.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT FROM public.audit_data_key data_key
            LEFT JOIN unnest(keys, was, becomes) AS given (id, was, becomes)
                ON given.id = data_key.id AND given.was = data_key.wrapped
                    AND octet_length(given.becomes) = octet_length(given.was)
        WHERE data_key.wrapped IS NOT NULL AND given.id IS NULL
    ) THEN
        RETURN false;
    END IF;
    UPDATE public.audit_data_key data_key SET wrapped = given.becomes
        FROM unnest(keys, was, becomes) AS given (id, was, becomes)
        WHERE data_key.id = given.id AND data_key.wrapped = given.was AND given.becomes <> given.was;
    RETURN true;
END $$;
"""
REWRAP_BEFORE = "DROP FUNCTION audit_rewrap(bigint[], bytea[], bytea[]);"


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_guards_of_the_new_tables")]

    operations = [
        migrations.RunSQL(HOLDS, HOLDS_BEFORE),
        migrations.RunSQL(LIVES, LIVES_BEFORE),
        migrations.RunSQL(ERASE, ERASE_BEFORE),
        migrations.RunSQL(REWRAP, REWRAP_BEFORE),
    ]
