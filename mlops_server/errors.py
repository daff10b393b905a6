"""Errors of starting the stack:

RuntimeError
    StartError  cannot start here
"""


class StartError(RuntimeError):
    """The stack cannot start here; the message is one sentence for a person, with the remedy."""
