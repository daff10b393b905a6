"""The database's own refusal: no slot serves what nobody approved, and nothing that served is written anew."""

import pgtrigger

from audit.guard import Guard

# Every name is written out: a search path or a temporary table of the session's own must not stand in for ours.
_MAY_SERVE = """
DECLARE
    slot_revision integer;
    before timestamptz;
BEGIN
    SELECT revision INTO slot_revision FROM public.registry_slot WHERE id = NEW.slot_id;
    SELECT max(since) INTO before FROM public.registry_slotassignment WHERE slot_id = NEW.slot_id;
    IF NEW.revision IS DISTINCT FROM slot_revision OR NEW.since < before THEN
        RAISE EXCEPTION 'A slot is assigned in order: revision % after %.', NEW.revision, slot_revision
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF num_nonnulls(NEW.champion_promotion_id, NEW.champion_emergency_id) <> num_nonnulls(NEW.champion_id)
        OR num_nonnulls(NEW.canary_promotion_id) <> num_nonnulls(NEW.canary_id)
        OR (NEW.canary_id IS NULL) <> (NEW.canary_percent = 0)
        OR (NEW.canary_id IS NOT NULL AND (NEW.champion_id IS NULL OR NEW.canary_percent > 99))
    THEN
        RAISE EXCEPTION 'An assignment names each version with the one thing that lets it serve.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT FROM (
            VALUES (NEW.champion_id, NEW.champion_promotion_id), (NEW.canary_id, NEW.canary_promotion_id)
        ) AS arm (version, promotion)
        WHERE arm.promotion IS NOT NULL AND NOT EXISTS (
            SELECT FROM public.registry_promotionrequest AS p
            JOIN public.registry_modelversion AS v ON v.id = p.model_version_id
            WHERE p.id = arm.promotion AND p.slot_id = NEW.slot_id AND v.id = arm.version
                AND v.artifact_digest = p.artifact_digest AND v.lifecycle = 'registered'
                AND p.state IN ('approved', 'executing', 'completed')
                AND p.approval IN ('approved', 'conditionally_approved')
                AND p.valid_until > clock_timestamp()
                AND EXISTS (
                    SELECT FROM public.registry_decision AS d
                    WHERE d.promotion_id = p.id AND d.round = p.round AND d.signed_digest = p.record_digest
                        AND d.verdict IN ('approve', 'approve_with_conditions') AND d.signer_id <> p.author_id
                )
        )
    ) THEN
        RAISE EXCEPTION 'No version serves in slot % without an approval that holds for it.', NEW.slot_id
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'Have it approved, and execute its promotion.';
    END IF;
    IF NEW.champion_emergency_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.registry_emergency AS e
        JOIN public.registry_modelversion AS v ON v.id = e.model_version_id
        JOIN public.registry_signature AS s ON s.subject_type = 'emergency' AND s.subject_id = e.id
        WHERE e.id = NEW.champion_emergency_id AND e.slot_id = NEW.slot_id AND v.id = NEW.champion_id
            AND v.artifact_digest = e.artifact_digest AND v.lifecycle = 'registered'
            AND e.state = 'active' AND e.ends_at > clock_timestamp() AND e.ends_at <= e.opened_at + interval '24 hours'
            AND s.signed_digest = e.record_digest AND s.signer_id = e.opened_by_id
    ) THEN
        RAISE EXCEPTION 'No version serves in slot % by a break-glass that does not hold for it.', NEW.slot_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END;
"""


class MayServe(Guard):
    """An assignment names for each version an approval, or a break-glass, that holds for it in this very slot.

    The service asks far more (every digest and signature); this catches what comes past it, raw SQL too.
    """

    name = "may_serve"
    level = pgtrigger.Row
    when = pgtrigger.Before
    operation = pgtrigger.Insert
    declare = None
    func = _MAY_SERVE


class AppendOnly(Guard):
    """What served at a time is never changed and never removed."""

    name = "append_only"
    level = pgtrigger.Row
    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete
    func = """
    BEGIN
        RAISE EXCEPTION 'What a slot served is not rewritten: % of % is refused.', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'Assign the slot anew.';
    END;
    """


def triggers() -> list[pgtrigger.Trigger]:
    """What the model of assignments has in its ``Meta.triggers``, beside the log's guard."""
    return [MayServe(), AppendOnly()]
