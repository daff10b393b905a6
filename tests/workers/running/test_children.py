"""Work in a process of its own: its result, its refusals, its end by a limit, by a wish, by a signal."""

import os
import signal
import time
from typing import Any

import pytest

from workers.pipelines.errors import TrainingRefused
from workers.running import children
from workers.running.child import Parent
from workers.running.children import Limits, Usage

HERE = "tests.workers.running.test_children"


class StopIt(Exception):
    """What the parent's side raises to end the child."""


def run(work: str, *, limits: Limits | None = None, usage: Usage | None = None, **arguments: Any) -> Any:
    def tell(word: str) -> str:
        if word == "stop":
            raise StopIt
        return word.upper()

    return children.run(
        f"{HERE}.{work}",
        arguments,
        serve={"tell": tell},
        sign=lambda: None,
        limits=limits or Limits(),
        usage=usage or Usage(),
    )


def answers(parent: Parent, *, word: str) -> str:
    return f"{parent.ask('tell', word)} in {'another' if os.getppid() != os.getpid() else 'this'} process"


def refuses(parent: Parent) -> None:
    raise TrainingRefused("One class.", "Bring two.")


def breaks(parent: Parent) -> None:
    raise ZeroDivisionError("nothing")


def dies(parent: Parent) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def waits(parent: Parent) -> None:
    time.sleep(60)


def works(parent: Parent) -> None:
    while True:
        sum(range(10_000))


def hoards(parent: Parent) -> None:
    held = []
    while True:
        held.append(bytearray(os.urandom(1024)) * 20_000)
        time.sleep(0.02)


def test_work_gives_its_result_and_may_ask_its_parent() -> None:
    usage = Usage()
    assert run("answers", word="yes", usage=usage) == "YES in another process"
    assert usage.cpu_seconds > 0
    assert usage.memory_peak_bytes > 1_000_000


def test_refusal_of_the_work_is_raised_with_cause_and_remedy() -> None:
    with pytest.raises(TrainingRefused) as caught:
        run("refuses")
    assert (caught.value.detail, caught.value.remedy) == ("One class.", "Bring two.")


def test_defect_of_the_work_is_raised_in_words(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(children.ChildDefect, match="ZeroDivisionError: nothing"):
        run("breaks")
    assert "Traceback" in capfd.readouterr().err


def test_process_that_is_killed_is_lost_and_not_refused() -> None:
    with pytest.raises(children.ChildLost, match="signal 9"):
        run("dies")


def test_parent_that_raises_ends_the_process() -> None:
    with pytest.raises(StopIt):
        run("answers", word="stop")


@pytest.mark.parametrize(
    ("work", "limits", "words"),
    [
        ("waits", Limits(seconds=1), "seconds of time; 1.0 are allowed"),
        ("works", Limits(cpu_seconds=0.5), "seconds of processor time; 0.5 are allowed"),
        ("hoards", Limits(memory_bytes=200_000_000), "bytes of memory; 200,000,000 are allowed"),
    ],
)
def test_limit_ends_the_process_and_says_which_and_how_much(work: str, limits: Limits, words: str) -> None:
    usage = Usage()
    with pytest.raises(children.LimitExceeded, match=words):
        run(work, limits=limits, usage=usage)
    assert usage.seconds < 20


def test_limits_are_the_smaller_of_the_run_and_the_server(settings: Any) -> None:
    settings.TRAINING_MAX_SECONDS, settings.TRAINING_MAX_CPU_SECONDS = 100, 0
    assert children.limits({"seconds": 500, "cpu_seconds": 5}) == Limits(seconds=100, cpu_seconds=5)
