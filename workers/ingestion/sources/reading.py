"""What every kind of source shares: what a worker may reach, what a reading delivers, and settings as typed values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from registry.services.subscriptions import addresses
from registry.services.subscriptions.addresses import Refused, Resolver
from workers.ingestion.errors import FileTooLarge, SourceInvalid, SourceRefused, SourceUnreachable

Position = dict[str, Any]
Secrets = Mapping[str, str]
Network = IPv4Network | IPv6Network
#: Told how far a reading is (a share of 1, and in words), often enough for a heartbeat; raises where it is to stop.
Progress = Callable[[float, str], None]
Settings = TypeVar("Settings", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a reading may reach and take. roots: folders in which files and sockets may lie."""

    roots: Sequence[str] = ()
    networks: Sequence[Network] = ()
    bytes: int = 16 * 1024**3
    resolver: Resolver = addresses.system_resolver


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a reading brought: files on this machine, in order, and how far the source has been read with them.

    No paths: nothing is new, but the position may have moved all the same.
    """

    paths: list[Path]
    format: str
    position: Position
    detail: dict[str, Any] = field(default_factory=dict)


def quiet(share: float, message: str) -> None:
    """For a reading that nobody watches."""


class Reader(Protocol):
    """What each kind's module offers. No function changes anything at the source but a stream's own bookkeeping.

    SECRETS: the names of the secrets it takes, or None where the names are the settings' own.
    check: raises SourceInvalid. plan: what the next reading takes, to be fixed before it begins; None for nothing new.
    read: raises an IngestionError. acknowledge: told once what was read is kept for ever.
    """

    SECRETS: frozenset[str] | None

    def check(self, settings: Mapping[str, Any]) -> None: ...
    def format(self, settings: Mapping[str, Any]) -> str: ...
    def plan(
        self, settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds
    ) -> Position | None: ...
    def read(
        self,
        settings: Mapping[str, Any],
        secrets: Secrets,
        position: Position,
        into: Path,
        bounds: Bounds,
        progress: Progress,
    ) -> Delivered: ...
    def acknowledge(
        self, settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds
    ) -> None: ...


def typed(settings: Mapping[str, Any], kind: type[Settings]) -> Settings:
    """The settings as the kind knows them. Raises SourceInvalid, naming the first that is wrong."""
    try:
        return msgspec.convert(dict(settings), kind)
    except msgspec.ValidationError as error:
        raise SourceInvalid(f"The settings cannot be used: {error}.", "docs/data.md lists them by kind.") from error


def reachable(host: str, port: int, bounds: Bounds) -> list[str]:
    """The addresses of a host now, all of them public or in an allowed network. Raises SourceRefused."""
    try:
        return [str(one) for one in addresses.permitted(host, port, allowed=bounds.networks, resolver=bounds.resolver)]
    except Refused as refusal:
        raise SourceRefused(
            f"The host {host} is no public address, and in no network that sources may reach.",
            "An operator names its network in SOURCE_ALLOWED_NETWORKS.",
        ) from refusal
    except (OSError, UnicodeError) as error:
        raise SourceUnreachable(f"The host {host} is not known here.", "Check its name.") from error


def inside(path: str, bounds: Bounds) -> Path:
    """A local path with its links followed, if it lies in an allowed folder. Raises SourceRefused."""
    found = Path(path).resolve()
    if not any(found.is_relative_to(Path(root).resolve()) for root in bounds.roots):
        raise SourceRefused(
            f"The path {path} lies in no folder that sources may read.", "An operator names its folder in SOURCE_ROOTS."
        )
    return found


def take(size: int, bounds: Bounds) -> None:
    """Raises FileTooLarge where a reading has grown past its bound."""
    if size > bounds.bytes:
        raise FileTooLarge(
            f"The source gave more than {bounds.bytes} bytes in one reading.",
            "Read it in smaller steps, or raise SOURCE_MAX_BYTES.",
        )
