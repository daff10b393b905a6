"""The only way by which entry bytes leave the database: for the archive, checked by the database itself."""

from django.db import migrations

# The same as in 0005: a hold that is being placed and what it would keep wait for one another.
LOCK = 0x6D6C6F7073455241
# What the log says about itself stays: keys and origins are read from it. That an entry is old enough, and in an
# archived bundle, is for the trigger on audit_event to see (0004).
ARCHIVE = f"""
CREATE FUNCTION audit_archive(bundle_n bigint, bundle_digest bytea, bundle_url text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    bytes bytea;
    entries bigint;
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    SELECT string_agg(substring(int4send(octet_length(event.leaf)) FROM 3) || event.leaf, ''::bytea ORDER BY leaf.index),
        count(event.leaf) INTO bytes, entries
        FROM public.audit_leaf leaf JOIN public.audit_event event ON event.ticket = leaf.ticket
        WHERE leaf.index >= bundle_n * 256 AND leaf.index < (bundle_n + 1) * 256;
    IF entries <> 256 OR sha256(bytes) IS DISTINCT FROM bundle_digest THEN
        RAISE EXCEPTION 'Bundle % is not full, or is not what is said to be in the archive.', bundle_n
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.audit_pending pending JOIN public.audit_event event ON event.ticket = pending.ticket
        WHERE pending.xid = pg_current_xact_id() AND event.event = 'entries.archived' AND bundle_n BETWEEN
            (convert_from(event.leaf, 'UTF8')::jsonb -> 'data' ->> 'first_bundle')::bigint
            AND (convert_from(event.leaf, 'UTF8')::jsonb -> 'data' ->> 'last_bundle')::bigint
    ) THEN
        RAISE EXCEPTION 'Bundle % goes to the archive only with an event of the same transaction that names it.', bundle_n
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT FROM public.audit_leaf leaf JOIN public.audit_event event ON event.ticket = leaf.ticket,
            public.audit_holds_over(event.id, ARRAY(
                SELECT sealed.person FROM public.audit_sealed sealed WHERE sealed.ticket = event.ticket
            ))
        WHERE leaf.index >= bundle_n * 256 AND leaf.index < (bundle_n + 1) * 256
    ) THEN
        RAISE EXCEPTION 'A hold stands over an entry of bundle %.', bundle_n
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO public.audit_archived_bundle (n, digest, url) VALUES (bundle_n, bundle_digest, bundle_url);
    UPDATE public.audit_event event SET leaf = NULL
        FROM public.audit_leaf leaf
        WHERE leaf.ticket = event.ticket AND leaf.index >= bundle_n * 256 AND leaf.index < (bundle_n + 1) * 256
            AND event.subject_type <> 'log';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_erasure")]

    operations = [
        migrations.RunSQL(ARCHIVE, "DROP FUNCTION audit_archive(bigint, bytea, text);"),
    ]
