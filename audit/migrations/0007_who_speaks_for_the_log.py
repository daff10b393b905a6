"""What the log says about itself is said by the sequencer and the owner alone, and an entry says what its columns say."""

from django.db import migrations

# Who may take tickets out of the pending set is the sequencer, or owns it: whatever the roles of this database are called.
SPOKEN = """
CREATE FUNCTION audit_event_spoken() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told pg_catalog.jsonb;
BEGIN
    IF NEW.event IN ('log.opened', 'log.key_added', 'log.key_retired', 'log.resumed', 'log.histories_fixed',
        'log.verifier_published', 'log.sealing_key_rotated', 'entries.archived')
        AND NOT has_table_privilege(current_user, 'public.audit_pending', 'DELETE')
    THEN
        RAISE EXCEPTION 'Only the sequencer and the owner say % in the log.', NEW.event
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    told := convert_from(NEW.leaf, 'UTF8')::pg_catalog.jsonb;
    IF (told ->> 'id', told ->> 'event', told #>> '{subject,type}', told #>> '{subject,id}', told ->> 'actor',
            told ->> 'request', (told ->> 'at')::timestamptz)
        IS DISTINCT FROM
        (NEW.id::pg_catalog.text, NEW.event, NEW.subject_type, NEW.subject_id, NEW.actor, NEW.request, NEW.at)
    THEN
        RAISE EXCEPTION 'The entry says other things than its columns.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER spoken BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_spoken();
ALTER TABLE audit_event ENABLE ALWAYS TRIGGER spoken;
"""
SILENT = "DROP TRIGGER spoken ON audit_event; DROP FUNCTION audit_event_spoken();"


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_archive")]

    operations = [migrations.RunSQL(SPOKEN, SILENT)]
