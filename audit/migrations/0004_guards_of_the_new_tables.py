"""The new tables' guards; who puts a ticket into the pending set and takes it out; what may change in an event's row."""

from django.db import migrations

PENDING = """
DROP TRIGGER from_events ON audit_pending;
DROP FUNCTION audit_pending_from_events();
-- Only the log's owner may write into the pending set, so an event is the only way in.
CREATE OR REPLACE FUNCTION audit_enqueue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.audit_pending (ticket, subject_type, subject_id)
        VALUES (NEW.ticket, NEW.subject_type, NEW.subject_id);
    RETURN NULL;
END $$;
DROP TRIGGER placed ON audit_pending;
-- Once a batch, not once a ticket: the sequencer writes the places first and takes the tickets out last.
CREATE OR REPLACE FUNCTION audit_pending_placed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unplaced bigint;
BEGIN
    SELECT gone.ticket INTO unplaced FROM gone LEFT JOIN public.audit_leaf leaf USING (ticket)
        WHERE leaf.ticket IS NULL LIMIT 1;
    IF unplaced IS NULL THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'Ticket % leaves the pending set without a place in the tree.', unplaced
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER placed AFTER DELETE ON audit_pending REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION audit_pending_placed();
ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER placed;
"""
PENDING_BEFORE = """
CREATE FUNCTION audit_pending_from_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'Only an event puts its ticket into the pending set.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER from_events BEFORE INSERT ON audit_pending FOR EACH ROW EXECUTE FUNCTION audit_pending_from_events();
ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER from_events;
DROP TRIGGER placed ON audit_pending;
CREATE OR REPLACE FUNCTION audit_pending_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM audit_leaf WHERE ticket = OLD.ticket) THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'Ticket % leaves the pending set without a place in the tree.', OLD.ticket
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE CONSTRAINT TRIGGER placed AFTER DELETE ON audit_pending DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_pending_placed();
ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER placed;
"""
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER no_truncate;
"""
COSIGNATURES = APPEND_ONLY.format(table="audit_cosignature") + APPEND_ONLY.format(table="audit_archived_bundle")
# An event's bytes may leave for the archive, once the archive has them and they are six months old; nothing else moves.
EVENTS = """
ALTER TABLE audit_event DROP CONSTRAINT leaf_fits_its_bundle;
ALTER TABLE audit_event ADD CONSTRAINT leaf_fits_its_bundle CHECK (octet_length(leaf) BETWEEN 2 AND 65535);
CREATE FUNCTION audit_event_archived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.leaf IS NULL AND OLD.leaf IS NOT NULL
        AND (to_jsonb(NEW) - 'leaf') = (to_jsonb(OLD) - 'leaf')
        AND OLD.at < now() - interval '6 months'
        AND EXISTS (
            SELECT FROM public.audit_leaf leaf JOIN public.audit_archived_bundle bundle ON bundle.n = leaf.index / 256
            WHERE leaf.ticket = OLD.ticket
        )
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'The audit log is append-only: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER append_only ON audit_event;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_archived();
ALTER TABLE audit_event ENABLE ALWAYS TRIGGER append_only;
"""
EVENTS_BEFORE = """
DROP TRIGGER append_only ON audit_event;
DROP FUNCTION audit_event_archived();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_event ENABLE ALWAYS TRIGGER append_only;
"""
# Sealed content can only shrink, and a destroyed key stays destroyed. Who may do it is a matter of grants.
SEALED = """
CREATE FUNCTION audit_sealed_shrinks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.ticket, NEW.person, NEW.key) = (OLD.id, OLD.ticket, OLD.person, OLD.key)
        AND OLD.content IS NOT NULL AND (NEW.content IS NULL OR octet_length(NEW.content) < octet_length(OLD.content))
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'A sealed value can only be erased.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER erase_only BEFORE UPDATE ON audit_sealed FOR EACH ROW EXECUTE FUNCTION audit_sealed_shrinks();
CREATE TRIGGER append_only BEFORE DELETE ON audit_sealed FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_sealed FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_sealed ENABLE ALWAYS TRIGGER erase_only;
ALTER TABLE audit_sealed ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_sealed ENABLE ALWAYS TRIGGER no_truncate;
CREATE FUNCTION audit_data_key_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.person) = (OLD.id, OLD.person) AND OLD.wrapped IS NOT NULL THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'A data key can only be wrapped anew or destroyed.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER erase_only BEFORE UPDATE ON audit_data_key FOR EACH ROW EXECUTE FUNCTION audit_data_key_stays();
CREATE TRIGGER append_only BEFORE DELETE ON audit_data_key FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_data_key FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_data_key ENABLE ALWAYS TRIGGER erase_only;
ALTER TABLE audit_data_key ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_data_key ENABLE ALWAYS TRIGGER no_truncate;
"""
SEALED_BEFORE = "DROP FUNCTION audit_sealed_shrinks() CASCADE; DROP FUNCTION audit_data_key_stays() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_sealed_by_person_and_upkeep")]

    operations = [
        migrations.RunSQL(PENDING, PENDING_BEFORE),
        migrations.RunSQL(COSIGNATURES, migrations.RunSQL.noop),
        migrations.RunSQL(EVENTS, EVENTS_BEFORE),
        migrations.RunSQL(SEALED, SEALED_BEFORE),
    ]
