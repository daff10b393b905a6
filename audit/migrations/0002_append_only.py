"""The pending set and the guards of the log itself: append-only, whoever asks."""

from django.db import migrations

PENDING = """
ALTER TABLE audit_event ADD CONSTRAINT leaf_fits_its_bundle CHECK (octet_length(leaf) BETWEEN 2 AND 65535);
CREATE TABLE audit_pending (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ticket bigint NOT NULL,
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    PRIMARY KEY (xid, ticket)
);
CREATE FUNCTION audit_enqueue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_pending (ticket, subject_type, subject_id) VALUES (NEW.ticket, NEW.subject_type, NEW.subject_id);
    RETURN NULL;
END $$;
CREATE FUNCTION audit_pending_from_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'Only an event puts its ticket into the pending set.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER from_events BEFORE INSERT ON audit_pending FOR EACH ROW EXECUTE FUNCTION audit_pending_from_events();
ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER from_events;
CREATE FUNCTION audit_pending_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM audit_leaf WHERE ticket = OLD.ticket) THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'Ticket % leaves the pending set without a place in the tree.', OLD.ticket
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE CONSTRAINT TRIGGER placed AFTER DELETE ON audit_pending DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_pending_placed();
ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER placed;
CREATE TRIGGER enqueue AFTER INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_enqueue();
ALTER TABLE audit_event ENABLE ALWAYS TRIGGER enqueue;
"""
DROP_PENDING = """
ALTER TABLE audit_event DROP CONSTRAINT leaf_fits_its_bundle;
DROP TRIGGER enqueue ON audit_event;
DROP FUNCTION audit_enqueue();
DROP TABLE audit_pending;
DROP FUNCTION audit_pending_from_events();
DROP FUNCTION audit_pending_placed();
"""
REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is append-only: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE FUNCTION audit_refuse_reseal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.salt IS NULL AND NEW.value IS NULL AND (NEW.commitment, NEW.ticket, NEW.field) = (OLD.commitment, OLD.ticket, OLD.field)
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'A sealed value can only be erased, with its salt.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
DROP_REFUSE = "DROP FUNCTION audit_refuse() CASCADE; DROP FUNCTION audit_refuse_reseal() CASCADE;"
APPEND_ONLY = ["audit_event", "audit_leaf", "audit_tile", "audit_checkpoint"]


def guard(table: str, row_events: str = "UPDATE OR DELETE") -> str:
    return f"""
    CREATE TRIGGER append_only BEFORE {row_events} ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only;
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER no_truncate;
    """


SEALED = (
    guard("audit_sealed", "DELETE")
    + """
    CREATE TRIGGER erase_only BEFORE UPDATE ON audit_sealed FOR EACH ROW EXECUTE FUNCTION audit_refuse_reseal();
    ALTER TABLE audit_sealed ENABLE ALWAYS TRIGGER erase_only;
"""
)
PENDING_GUARD = guard("audit_pending", "UPDATE")
GUARDS = "".join(guard(table) for table in APPEND_ONLY) + SEALED + PENDING_GUARD


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(PENDING, DROP_PENDING),
        migrations.RunSQL(
            "ALTER TABLE audit_tile ALTER COLUMN data SET STORAGE EXTERNAL",
            "ALTER TABLE audit_tile ALTER COLUMN data SET STORAGE EXTENDED",
        ),
        migrations.RunSQL(REFUSE, DROP_REFUSE),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
