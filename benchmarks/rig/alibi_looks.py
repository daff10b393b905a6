"""Looks of alibi-detect's detectors, in its own environment: jobs as lines of JSON in, what was found likewise out."""

import json
import sys
from typing import Any

import numpy as np

from workers.alibi import catalogue


def main() -> None:
    """One look for each line; the first of a detector compiles."""
    for line in sys.stdin:
        print(json.dumps(found(json.loads(line))), flush=True)


def found(job: dict[str, Any]) -> Any:
    reference = np.array(job["reference"], dtype=float)
    window = np.array(job["window"], dtype=float).reshape(-1, reference.shape[1])
    name, settings = job["detector"], job["settings"]
    np.random.seed(settings["seed"])
    if name in catalogue.COMPARING:
        return catalogue.COMPARING[name](reference, window, settings)
    return catalogue.WATCHING[name](reference, window, np.arange(len(window)), settings, job["state"])


if __name__ == "__main__":
    main()
