"""The sections that only a person can write, and what each asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document: its name in the API, its title, what to write there, and the clauses that ask for it."""

    name: str
    title: str
    asks: str
    clauses: tuple[str, ...] = ()


INTENDED_USE = Section(
    "intended_use",
    "Intended use",
    "What is it for, for whom, and in which setting?",
    ("eu-ai-act:13(3)", "iso42001:A.9.4"),
)
OUT_OF_SCOPE = Section(
    "out_of_scope", "Out of scope", "For what must it not be used, although somebody might?", ("eu-ai-act:13(3)",)
)
LIMITATIONS = Section(
    "limitations",
    "Limitations",
    "Where is it known to fail, for whom is it less accurate, and what may foreseeably go wrong?",
    ("eu-ai-act:13(3)", "Annex IV 3"),
)
ETHICAL_CONSIDERATIONS = Section(
    "ethical_considerations",
    "Ethical considerations",
    "Who may be harmed, how was that weighed, and what was done about it?",
)
HUMAN_OVERSIGHT = Section(
    "human_oversight",
    "Human oversight",
    "Who watches it, how do they understand, override and stop it, and what do they need to know for that?",
    ("eu-ai-act:13(3)", "eu-ai-act:14(4)", "Annex IV 2(e)"),
)
INSTRUCTIONS_FOR_USE = Section(
    "instructions_for_use",
    "Instructions for use",
    "How is it installed, fed, read and maintained, and with which resources?",
    ("eu-ai-act:13(3)",),
)
MOTIVATION = Section("motivation", "Motivation", "Why was the data gathered, by whom, and who paid for it?")
COLLECTION = Section(
    "collection",
    "Collection",
    "Where do the rows come from, over which time, how were they chosen, and did the people know?",
    ("Annex IV 2(d)", "eu-ai-act:10(2)(a)-(h)"),
)
LABELLING = Section(
    "labelling",
    "Labelling and cleaning",
    "Who or what made the labels, by which rules, and what was cleaned or left out?",
    ("Annex IV 2(d)",),
)
RECOMMENDED_USES = Section(
    "recommended_uses", "Recommended uses", "For which tasks is the data fit, and for which is it not?"
)
MAINTENANCE = Section(
    "maintenance", "Maintenance", "Who keeps it, how are errors reported and mended, and for how long is it kept?"
)

#: By what the document is about, in the order of the page.
WRITTEN: dict[str, tuple[Section, ...]] = {
    "model_version": (
        INTENDED_USE,
        OUT_OF_SCOPE,
        LIMITATIONS,
        ETHICAL_CONSIDERATIONS,
        HUMAN_OVERSIGHT,
        INSTRUCTIONS_FOR_USE,
    ),
    "dataset_version": (MOTIVATION, COLLECTION, LABELLING, RECOMMENDED_USES, MAINTENANCE),
}


def names(subject: str) -> tuple[str, ...]:
    """The sections of one kind of document."""
    return tuple(section.name for section in WRITTEN[subject])
