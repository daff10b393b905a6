"""The bound on a reading's memory: in a process of its own, which shall not be this one."""

import resource
import subprocess
import sys

import pytest

from workers.ingestion import memory

GREEDY = """
from workers.ingestion import errors, memory

def read():
    with memory.bounded(64 << 20):
        held = bytearray(1 << 30)

try:
    read()
except errors.FileTooLarge as refused:
    print(refused.detail)
held = bytearray(1 << 30)
print(len(held))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system bounds nothing")
def test_reading_that_asks_for_too_much_is_refused_and_the_process_lives_on() -> None:
    ran = subprocess.run([sys.executable, "-c", GREEDY], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["Reading it takes more than 67108864 bytes of memory.", str(1 << 30)]


def test_reading_leaves_the_limits_as_they_were() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory.bounded(), memory.bounded(1 << 40):
        pass
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
