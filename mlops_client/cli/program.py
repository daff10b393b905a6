"""The program: reads the arguments, runs the command, and ends with the code that says how it went."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import httpx

from mlops_client import errors
from mlops_client.cli import account, data, output, parsing, pipelines, promotions, serving, sources, training
from mlops_client.client import Client
from mlops_client.nouns.datasets import DatasetVersion
from mlops_client.nouns.promotions import Promotion
from mlops_client.tables import plain

DONE, REFUSED, UNUSABLE, NOT_SIGNED_IN, JOB_FAILED, UNREACHABLE, BLOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130

_INTERRUPTED = """\
Interrupted. What a worker has begun goes on: `mlops runs list`, `mlops runs follow`.
An upload goes on where it stopped: give the same command again."""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    commands = parsing.top()
    for part in (account, data, sources, training, pipelines, promotions, serving):
        part.add(commands)
    return commands.parser


def main(arguments: Sequence[str] | None = None, *, transport: httpx.BaseTransport | None = None) -> int:
    """Run one command; returns the exit code."""
    given = parser().parse_args(arguments, argparse.Namespace(transport=transport))
    try:
        return _run(given)
    except KeyboardInterrupt:
        print(_INTERRUPTED, file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Who reads has seen enough, as with `| head`; what is left in the buffer must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (errors.ClientError, argparse.ArgumentTypeError) as error:
        print(plain(str(error)), file=sys.stderr)
        return _code(error)


def _run(given: argparse.Namespace) -> int:
    if not given.signed_in:
        output.show(given.run(None, given), as_json=given.json)
        return DONE
    with Client(given.url, transport=given.transport) as client:
        result = given.run(client, given)
        output.show(result, as_json=given.json)
    return BLOCKED if given.judged and _is_blocked(result) else DONE


def _is_blocked(result: Any) -> bool:
    match result:
        case Promotion():
            return result.state == "blocked"
        case DatasetVersion():
            return result.contract_verdict == "fail"
    return False


def _code(error: Exception) -> int:
    match error:
        case errors.NotSignedIn() | errors.NobodySignedIn():
            return NOT_SIGNED_IN
        case errors.Problem():
            return REFUSED
        case errors.JobFailed():
            return JOB_FAILED
        case errors.Unreachable():
            return UNREACHABLE
    return UNUSABLE
