"""Who may enter which folder: the servers' own are closed to others, and the way to them is open to their user."""

import hashlib
import logging
import os
import pwd
import stat
from pathlib import Path

from mlops_server import errors

LONGEST_SOCKET_PATH = 100  # The kernel allows 107 bytes on Linux and 103 on macOS.

logger = logging.getLogger(__name__)


def for_socket(folder: Path) -> Path:
    """The data folder itself, or a short one under /tmp when the socket's path would be too long for the kernel."""
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH:
        return folder
    return Path("/tmp") / f"mlops-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"


def private(folder: Path, user: str | None) -> None:
    """Make the folder, or find it, owned by the server's user and closed to everyone else."""
    folder.mkdir(parents=True, exist_ok=True)
    owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    if folder.is_symlink() or folder.stat().st_uid not in (owner, os.geteuid()):
        raise errors.StartError(
            f"The folder {folder} belongs to someone else: remove it, or set VAR_DIR to a shorter path."
        )
    folder.chmod(0o700)
    if user:
        os.chown(folder, owner, pwd.getpwnam(user).pw_gid)


def open_way(folder: Path) -> None:
    """Started by root, the database runs as another user, who must be able to pass through the folders above."""
    closed = [step for step in (folder, *folder.parents) if not step.stat().st_mode & stat.S_IXOTH]
    for step in closed:
        step.chmod(step.stat().st_mode | stat.S_IXOTH)
    if closed:
        names = ", ".join(str(step) for step in reversed(closed))
        logger.warning("PostgreSQL refuses to run as root, so its user may now pass through (chmod o+x): %s", names)


def open_package(package: Path) -> None:
    """The wheel's files and its libraries, where root installed them for itself alone (umask 077)."""
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists() and not folder.stat().st_mode & stat.S_IROTH:
            for path in (folder, *folder.rglob("*")):
                mode = path.stat().st_mode
                path.chmod(mode | (mode >> 6 & 0o5))
