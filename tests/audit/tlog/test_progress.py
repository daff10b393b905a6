"""How far a long verification is: on a terminal one line that goes away, elsewhere a line now and then."""

import io

from audit.tlog import progress


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_line_says_count_rate_and_time_remaining() -> None:
    said = progress.line(1_310_720, 5_000_000, 2.5)
    assert said == "1,310,720 of 5,000,000 entries, 524,288 a second, 7 s remaining"


def test_progress_of_what_is_soon_done_says_nothing() -> None:
    for stream, expected in ((io.StringIO(), ""), (Terminal(), "\r\x1b[K")):
        say = progress.Progress(stream)
        say(1, 2)
        say(2, 2)
        assert stream.getvalue() == expected


def test_progress_on_a_terminal_is_one_line_that_is_cleared() -> None:
    stream = Terminal()
    say = progress.Progress(stream, pause_seconds=0)
    say(1, 2)
    say(2, 2)
    assert stream.getvalue().startswith("\r1 of 2 entries, ")
    assert stream.getvalue().endswith(" s remaining\r\x1b[K")


def test_progress_elsewhere_is_a_line_each_time() -> None:
    stream = io.StringIO()
    say = progress.Progress(stream, pause_seconds=0)
    say(1, 3)
    say(2, 3)
    say(3, 3)
    assert [line.partition(",")[0] for line in stream.getvalue().splitlines()] == ["1 of 3 entries", "2 of 3 entries"]
