"""What the log can refuse, as a tree; errors carry facts, mlops_server/rest turns them into problem+json.

Refusal               the base, also of every refusal of the registry
├── NotErasable       nothing of the sort stands there, or the request says too little
├── AlreadyDecided    the request, or the hold, is no longer open
│   └── NotSignedYet  it is not open yet: no signed head holds it
├── NeedsAnother      a second person has to do this
└── MustBeKept        a duty to keep outweighs the wish to erase; names its ground
    └── HoldInForce   a legal hold covers it
"""


class Refusal(Exception):
    """The base of every refusal. detail: what is wrong; remedy: how to mend it."""

    def __init__(self, detail: str, *, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail, self.remedy = detail, remedy


class NotErasable(Refusal):
    """There is no such sealed value, or the request does not say what must go and why."""


class AlreadyDecided(Refusal):
    """The request was executed, refused or withdrawn, or the hold released."""


class NotSignedYet(AlreadyDecided):
    """No signed head holds the request: nothing goes before everybody could have seen that somebody asked for it."""


class NeedsAnother(Refusal):
    """Nobody approves an own request, nor the erasure of what is about themselves."""


class MustBeKept(Refusal):
    """The law that asks to keep it outweighs the wish to erase it (GDPR Art. 17(3)); it is refused for good."""


class HoldInForce(MustBeKept):
    """A legal hold covers it, and stands until somebody releases it."""
