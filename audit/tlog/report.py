"""What a verification found and what it proved, for people and for programs."""

from dataclasses import dataclass, field

from audit.tlog.canonical import Json


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where, and what, in a sentence."""

    where: str
    what: str

    def __str__(self) -> str:
        """The finding as one line."""
        return printable(f"{self.where}: {self.what}")


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A known witness that cosigned the checkpoint, and when it says it did."""

    name: str
    vkey: str
    at: str


@dataclass(slots=True)
class Report:
    """All findings of one verification, and the counts of what was proven. Clean means: no finding.

    remarks: what the sentence adds to the counts, such as whether a pack is complete.
    """

    origin: str = ""
    size: int = 0
    root: bytes = b""
    signers: list[str] = field(default_factory=list)
    proven: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    about: str = ""  # what was proven, where a number does not say it
    witnesses: list[Witnessed] = field(default_factory=list)
    quorum: str = ""  # what was asked of the witnesses, in words
    notes: list[str] = field(default_factory=list)  # what to know although it is not wrong

    def add(self, where: str, what: object) -> None:
        """Note a finding."""
        self.findings.append(Finding(where, str(what)))

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def summary(self) -> str:
        """One sentence: what was proven, or that nothing may be relied upon."""
        if self.findings:
            return (
                f"Not verified: {counted(len(self.findings), 'finding')}. Rely on nothing here until each is explained."
            )
        counts = [counted(number, noun) for noun, number in self.proven.items() if number or noun == "entry"]
        log = f"{self.about or counts[0]} of the log {self.origin} at size {self.size}, "
        parts = [f"{log}signed by {', '.join(self.signers)}", *counts[1:]]
        if self.quorum:
            witnesses = ", ".join(f"{one.name} at {one.at}" for one in self.witnesses) or "nobody"
            parts.append(f"asked of witnesses: {self.quorum}; cosigned by {witnesses}")
        return printable(f"Verified: {'; '.join([*parts, *self.remarks])}.")

    def lines(self) -> list[str]:
        """The report for people: a line for each finding and note, and the summary."""
        return [*map(str, self.findings), *(printable(f"Note: {one}") for one in self.notes), self.summary()]

    def as_json(self) -> dict[str, Json]:
        """The report for programs."""
        return {
            "clean": self.clean,
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "signers": [*self.signers],
            "proven": {**self.proven},
            "remarks": [*self.remarks],
            "witnesses": [{"name": one.name, "vkey": one.vkey, "at": one.at} for one in self.witnesses],
            "quorum": self.quorum,
            "notes": [*self.notes],
            "findings": [{"where": finding.where, "what": finding.what} for finding in self.findings],
            "summary": self.summary(),
        }


def printable(text: str) -> str:
    """The text with control characters spelled out: what a hostile source wrote must not drive a terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def counted(number: int, noun: str) -> str:
    """``1 entry``, ``14 entries``, ``4 signatures of people``."""
    if number != 1:
        head, space, tail = noun.partition(" ")
        head = f"{head[:-1]}ies" if head.endswith("y") else f"{head}s"
        noun = head + space + tail
    return f"{number} {noun}"
