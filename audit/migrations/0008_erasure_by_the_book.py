"""Erasing asks for more: the request stood in the tree before, and nobody approves that their own words go."""

from django.db import migrations

# As in 0005, but for two things. Whose values go approves nothing; and the request, word for word, has its place in the
# tree: who has the application's rights alone cannot ask and erase at once, before anybody could see that it was asked.
ERASE = """
CREATE OR REPLACE FUNCTION audit_erase(redaction_id uuid, people text[], was bytea[], becomes bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    wanted public.audit_redaction;
    told jsonb;
    hold uuid;
    erased bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7884799576379839041);
    SELECT * INTO wanted FROM public.audit_redaction redaction WHERE redaction.id = redaction_id;
    IF wanted.id IS NULL OR wanted.state <> 'executed' OR wanted.requested_by = '' OR wanted.decided_by = ''
        OR wanted.requested_by = wanted.decided_by OR wanted.decided_by = wanted.person
        OR wanted.decided_by = ANY (people)
        OR (wanted.event IS NULL) = (wanted.person = '')
    THEN
        RAISE EXCEPTION 'No erasure % was requested by one person and approved by another.', redaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.audit_event event JOIN public.audit_leaf leaf ON leaf.ticket = event.ticket
        WHERE event.event = 'redaction.requested' AND event.actor = wanted.requested_by
            AND event.subject_type = 'redaction' AND event.subject_id = redaction_id::text
            AND convert_from(event.leaf, 'UTF8')::jsonb -> 'data' @> jsonb_build_object(
                'event', wanted.event, 'fields', wanted.fields, 'person', wanted.person, 'ground', wanted.ground)
            AND jsonb_array_length(convert_from(event.leaf, 'UTF8')::jsonb -> 'data' -> 'fields')
                = cardinality(wanted.fields)
    ) THEN
        RAISE EXCEPTION 'No signed head holds the request of erasure %.', redaction_id
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
ERASE_BEFORE = """
CREATE OR REPLACE FUNCTION audit_erase(redaction_id uuid, people text[], was bytea[], becomes bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    wanted public.audit_redaction;
    told jsonb;
    hold uuid;
    erased bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7884799576379839041);
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
# A nonce, a key and its tag. Rows that stand there are not looked at: a wrong one would stop the migration.
WRAPPED = "ALTER TABLE audit_data_key ADD CONSTRAINT wrapped_key CHECK (octet_length(wrapped) = 60) NOT VALID;"
WRAPPED_BEFORE = "ALTER TABLE audit_data_key DROP CONSTRAINT wrapped_key;"


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_who_speaks_for_the_log")]

    operations = [
        migrations.RunSQL(ERASE, ERASE_BEFORE),
        migrations.RunSQL(WRAPPED, WRAPPED_BEFORE),
    ]
