"""Sealed values by person and encrypted, indexes to search by, and the tables of upkeep, holds and witnesses."""

import audit.guard
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="ArchivedBundle",
            fields=[
                ("n", models.BigIntegerField(primary_key=True, serialize=False)),
                ("digest", models.BinaryField()),
                ("url", models.TextField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "audit_archived_bundle",
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField()),
                ("witness", models.TextField()),
                ("line", models.TextField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "audit_cosignature",
            },
        ),
        migrations.CreateModel(
            name="DataKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person", models.TextField(help_text="a pseudonymous id; empty for values that are about nobody")),
                ("wrapped", models.BinaryField(null=True)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "audit_data_key",
            },
        ),
        migrations.CreateModel(
            name="History",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subject_type", "subject_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject_type", models.TextField()),
                ("subject_id", models.TextField()),
                ("count", models.BigIntegerField()),
                ("last_index", models.BigIntegerField()),
                ("digest", models.BinaryField()),
            ],
            options={
                "db_table": "audit_history",
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject_type", models.TextField(blank=True, default="")),
                ("subject_id", models.TextField(blank=True, default="")),
                ("person", models.TextField(blank=True, default="")),
                ("ground", models.TextField(help_text="the duty to keep, with its source")),
                ("placed_by", models.TextField()),
                ("placed_at", models.DateTimeField(auto_now_add=True)),
                ("released_by", models.TextField(blank=True, default="")),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                ("revision", models.PositiveIntegerField(default=1)),
            ],
            options={
                "db_table": "audit_hold",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Redaction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "event",
                    models.UUIDField(
                        blank=True, help_text="the event whose fields go; none: everything of a person", null=True
                    ),
                ),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                ("person", models.TextField(blank=True, default="")),
                ("ground", models.TextField(help_text="why it must go, e.g. GDPR Art. 17(1)(b)")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("executed", "Executed"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="requested",
                        max_length=12,
                    ),
                ),
                ("refusal", models.TextField(blank=True, default="")),
                ("requested_by", models.TextField()),
                ("requested_at", models.DateTimeField(auto_now_add=True)),
                ("decided_by", models.TextField(blank=True, default="")),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("revision", models.PositiveIntegerField(default=1)),
            ],
            options={
                "db_table": "audit_redaction",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("size", models.BigIntegerField(help_text="the signed head's size that was checked")),
                ("entries", models.BigIntegerField()),
                ("rows", models.BigIntegerField(help_text="governed rows compared with their last entry")),
                ("findings", models.JSONField(default=list, help_text="where and what, in words; the first hundred")),
                ("finding_count", models.PositiveIntegerField()),
                ("complete", models.BooleanField(help_text="whether it looked at everything it set out to look at")),
            ],
            options={
                "db_table": "audit_verification",
                "ordering": ["-id"],
            },
        ),
        # Nothing was released with the older table, which held words in clear: they are not carried over.
        migrations.DeleteModel(name="Sealed"),
        migrations.CreateModel(
            name="Sealed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ticket", models.BigIntegerField()),
                ("person", models.TextField()),
                ("key", models.BigIntegerField()),
                ("content", models.BinaryField(help_text="null once everything in it is erased", null=True)),
            ],
            options={
                "db_table": "audit_sealed",
                "verbose_name_plural": "sealed values",
            },
        ),
        migrations.AddField(
            model_name="event",
            name="changes",
            field=models.BinaryField(
                help_text="commitments to old and new values; the entry has its digest", null=True
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="leaf",
            field=models.BinaryField(help_text="null once its bundle is in the archive", null=True),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["actor", "ticket"], name="audit_event_actor"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["event", "ticket"], name="audit_event_name"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("request", ""), _negated=True), fields=["request"], name="audit_event_request"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=["at"], name="audit_event_at"),
        ),
        migrations.AddIndex(
            model_name="sealed",
            index=models.Index(fields=["person"], name="audit_sealed_person"),
        ),
        migrations.AddConstraint(
            model_name="sealed",
            constraint=models.UniqueConstraint(fields=("ticket", "person"), name="sealed_once_a_person"),
        ),
        migrations.AddConstraint(
            model_name="cosignature",
            constraint=models.UniqueConstraint(fields=("size", "witness"), name="one_cosignature_a_witness"),
        ),
        migrations.AddConstraint(
            model_name="datakey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("wrapped", None), _negated=True), fields=("person",), name="one_living_data_key"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hold",
            trigger=pgtrigger.compiler.Trigger(
                name="audited",
                sql=audit.guard.GuardSql(
                    constraint="CONSTRAINT",
                    func="\nDECLARE\n    unnamed text := CASE TG_OP WHEN 'DELETE' THEN OLD.id::text ELSE NEW.id::text END;\nBEGIN\n    LOOP\n        -- Only an event puts its ticket into the pending set, and nobody but the sequencer takes it out.\n        IF NOT EXISTS (\n            SELECT FROM public.audit_pending\n            WHERE xid = pg_current_xact_id() AND subject_type = 'hold' AND subject_id = unnamed\n        ) THEN\n            -- Looked at last: it is the expensive question, and an audited change need not answer it.\n            IF TG_OP = 'UPDATE' AND NOT (OLD *<> NEW) THEN\n                RETURN NULL;\n            END IF;\n            RAISE EXCEPTION 'Unaudited change: % of % for hold % has no event in its transaction.',\n                TG_OP, TG_TABLE_NAME, unnamed\n                USING ERRCODE = 'integrity_constraint_violation', HINT = 'Change governed rows through a service.';\n        END IF;\n        -- A part that moves from one whole to another changes both.\n        EXIT WHEN TG_OP <> 'UPDATE' OR unnamed = OLD.id::text;\n        unnamed := OLD.id::text;\n    END LOOP;\n    RETURN NULL;\nEND;\n",
                    hash="7ebe99231aa2574c75bd92a57f2a1983589f84c3",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_audited_cfbcf",
                    table="audit_hold",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hold",
            trigger=pgtrigger.compiler.Trigger(
                name="not_emptied",
                sql=audit.guard.GuardSql(
                    func="\n    BEGIN\n        RAISE EXCEPTION 'A governed table cannot be emptied: TRUNCATE of % is refused.', TG_TABLE_NAME\n            USING ERRCODE = 'integrity_constraint_violation';\n    END;\n    ",
                    hash="0c047354bef1bd604059b3c74adee41079e4eb88",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_not_emptied_748cc",
                    table="audit_hold",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redaction",
            trigger=pgtrigger.compiler.Trigger(
                name="audited",
                sql=audit.guard.GuardSql(
                    constraint="CONSTRAINT",
                    func="\nDECLARE\n    unnamed text := CASE TG_OP WHEN 'DELETE' THEN OLD.id::text ELSE NEW.id::text END;\nBEGIN\n    LOOP\n        -- Only an event puts its ticket into the pending set, and nobody but the sequencer takes it out.\n        IF NOT EXISTS (\n            SELECT FROM public.audit_pending\n            WHERE xid = pg_current_xact_id() AND subject_type = 'redaction' AND subject_id = unnamed\n        ) THEN\n            -- Looked at last: it is the expensive question, and an audited change need not answer it.\n            IF TG_OP = 'UPDATE' AND NOT (OLD *<> NEW) THEN\n                RETURN NULL;\n            END IF;\n            RAISE EXCEPTION 'Unaudited change: % of % for redaction % has no event in its transaction.',\n                TG_OP, TG_TABLE_NAME, unnamed\n                USING ERRCODE = 'integrity_constraint_violation', HINT = 'Change governed rows through a service.';\n        END IF;\n        -- A part that moves from one whole to another changes both.\n        EXIT WHEN TG_OP <> 'UPDATE' OR unnamed = OLD.id::text;\n        unnamed := OLD.id::text;\n    END LOOP;\n    RETURN NULL;\nEND;\n",
                    hash="1a6b092b244f4fbe8e098c0b8623e548e6303c3d",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_audited_ee79c",
                    table="audit_redaction",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redaction",
            trigger=pgtrigger.compiler.Trigger(
                name="not_emptied",
                sql=audit.guard.GuardSql(
                    func="\n    BEGIN\n        RAISE EXCEPTION 'A governed table cannot be emptied: TRUNCATE of % is refused.', TG_TABLE_NAME\n            USING ERRCODE = 'integrity_constraint_violation';\n    END;\n    ",
                    hash="4683f48b8c14f5a063d7ef51b969d366cd2a22d5",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_not_emptied_e211d",
                    table="audit_redaction",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="verification",
            trigger=pgtrigger.compiler.Trigger(
                name="audited",
                sql=audit.guard.GuardSql(
                    constraint="CONSTRAINT",
                    func="\nDECLARE\n    unnamed text := CASE TG_OP WHEN 'DELETE' THEN OLD.id::text ELSE NEW.id::text END;\nBEGIN\n    LOOP\n        -- Only an event puts its ticket into the pending set, and nobody but the sequencer takes it out.\n        IF NOT EXISTS (\n            SELECT FROM public.audit_pending\n            WHERE xid = pg_current_xact_id() AND subject_type = 'verification' AND subject_id = unnamed\n        ) THEN\n            -- Looked at last: it is the expensive question, and an audited change need not answer it.\n            IF TG_OP = 'UPDATE' AND NOT (OLD *<> NEW) THEN\n                RETURN NULL;\n            END IF;\n            RAISE EXCEPTION 'Unaudited change: % of % for verification % has no event in its transaction.',\n                TG_OP, TG_TABLE_NAME, unnamed\n                USING ERRCODE = 'integrity_constraint_violation', HINT = 'Change governed rows through a service.';\n        END IF;\n        -- A part that moves from one whole to another changes both.\n        EXIT WHEN TG_OP <> 'UPDATE' OR unnamed = OLD.id::text;\n        unnamed := OLD.id::text;\n    END LOOP;\n    RETURN NULL;\nEND;\n",
                    hash="a04f5f379f4a88b0c643f15c558a590705167423",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_audited_f7a4b",
                    table="audit_verification",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="verification",
            trigger=pgtrigger.compiler.Trigger(
                name="not_emptied",
                sql=audit.guard.GuardSql(
                    func="\n    BEGIN\n        RAISE EXCEPTION 'A governed table cannot be emptied: TRUNCATE of % is refused.', TG_TABLE_NAME\n            USING ERRCODE = 'integrity_constraint_violation';\n    END;\n    ",
                    hash="d8b2823e39273de271740d8204678b47a4cc045b",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_not_emptied_47b24",
                    table="audit_verification",
                    when="BEFORE",
                ),
            ),
        ),
    ]
