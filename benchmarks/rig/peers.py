"""Peers as processes, each in an environment of its own, which is made when it is first asked for and kept.

    best = peers.timed("univariate", {"alibi_detect": ["alibi_ks"], "here": ["ours_ks"]}, arrays, count=5)

Data go to them as files; the clock runs inside, around the call alone. `python -m benchmarks.rig.peers` makes all
environments at once.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parents[2]
ENVIRONMENTS = HERE / ".venv" / "peers"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Timed(NamedTuple):
    """One call: wall and processor seconds, what it answered, and the memory it needed above the data."""

    seconds: float
    processor: float
    result: Any
    peak_mb: float


Call = Callable[[], Timed]


class Peer:
    """A peer's process, which keeps what it has loaded and prepared from call to call."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def call(self, name: str, arrays: Mapping[str, Path], **options: object) -> Call:
        """A call of that function of the peer's module. Raises RuntimeError when the peer has died of it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        stdin, stdout = self.process.stdin, self.process.stdout
        paths = {key: str(path) for key, path in arrays.items()}
        request = json.dumps({"call": name, "arrays": paths, "options": options})

        def ask() -> Timed:
            stdin.write(request + "\n")
            stdin.flush()
            answer = stdout.readline()
            if not answer:
                raise RuntimeError(f"the peer died of {name}, exit code {self.process.wait()}")
            return Timed(**json.loads(answer))

        return ask


@contextlib.contextmanager
def open(module: str, **environment: str) -> Iterator[Peer]:
    """Start `benchmarks/peers/<module>`; `environment` adds variables (OMP_NUM_THREADS="1")."""
    command = [str(python(module.split(".")[0])), "-W", "ignore", "-m", "benchmarks.peers.serving"]
    variables = {**os.environ, **environment, "PYTHONPATH": str(HERE)}
    with subprocess.Popen(
        [*command, f"benchmarks.peers.{module}"],
        cwd=HERE, env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield Peer(process)  # leaving closes its input, which ends it


def timed(
    subject: str,
    contestants: Mapping[str, Sequence[str]],
    arrays: Mapping[str, Path],
    *,
    count: int,
    threads: int = 1,
    **options: object,
) -> dict[str, Timed]:
    """The quickest call of each function of each peer's module on this subject, all with the same options.

    The processes end with it, so that the next size finds their memory free, and none keeps what it read of the last.
    """
    with contextlib.ExitStack() as stack:
        calls: dict[str, Call] = {}
        for peer, names in contestants.items():
            started = stack.enter_context(open(f"{peer}.{subject}", **dict.fromkeys(THREADS, str(threads))))
            calls |= {name: started.call(name, arrays, **options) for name in names}
        return rounds(calls, count=count)


def python(name: str) -> Path:
    """The interpreter for a peer: ours where it has no requirements, else one made with exactly these."""
    requirements = HERE / "benchmarks" / "peers" / name / "requirements.txt"
    if not requirements.exists():
        return Path(sys.executable)
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = ENVIRONMENTS / name
    stamp = folder / "made-from"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Making the environment of {name} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", requirements], check=True)
        stamp.write_text(wanted)  # last, so that an interrupted installation is done again
    return folder / "bin" / "python"


def save(folder: Path, **arrays: np.ndarray) -> dict[str, Path]:
    """The arrays as files for `Peer.call`; matrices keep their order in memory."""
    paths = {name: folder / f"{name}.npy" for name in arrays}
    for name, array in arrays.items():
        np.save(paths[name], array)
    return paths


def rounds(calls: Mapping[str, Call], *, count: int) -> dict[str, Timed]:
    """Every contestant once a round, so that other work on the machine meets all; the quickest call of each."""
    best: dict[str, Timed] = {}
    for _ in range(count):
        for name, call in calls.items():
            timed = call()
            if name not in best or timed.seconds < best[name].seconds:
                best[name] = timed
    return best


def main() -> None:
    """Make every peer's environment, or find it made."""
    for requirements in sorted((HERE / "benchmarks" / "peers").glob("*/requirements.txt")):
        print(python(requirements.parent.name))


if __name__ == "__main__":
    main()
