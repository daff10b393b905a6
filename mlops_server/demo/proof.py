"""The last chapter: a pack that a stranger verifies with a public key, and one flipped byte that is found."""

import subprocess
import sys
import zipfile
from pathlib import Path

from django.conf import settings

from audit.tlog import archive
from mlops_server.demo.story import Story


def export_and_verify(story: Story) -> None:
    """7. The evidence pack is exported and verified without the server; one flipped bit and it is refused."""
    path = f"/api/v1/promotions/{story.ids['promotion1']}/evidence-pack"
    pack = Path(settings.VAR_DIR) / "evidence-pack.zip"
    pack.write_bytes(story.people("anton").download(path))
    accepted = _verify(pack)
    story.tell(f"The evidence pack verifies offline: {accepted.stdout.strip()}", path)
    refused = _verify(_spoilt(pack))
    if accepted.returncode != 0 or refused.returncode == 0:
        raise AssertionError(f"The verifier answered {accepted.returncode} and {refused.returncode}: {accepted.stdout}")
    story.tell(f"With one byte of a signature flipped it is refused: {refused.stdout.strip().splitlines()[0]}")


def _spoilt(pack: Path) -> Path:
    """The same pack in a sound zip, but for one bit in the record of a person's signature."""
    with zipfile.ZipFile(pack) as source:
        members = {name: source.read(name) for name in source.namelist()}
    name = next(name for name, data in members.items() if b'"statement":"decision"' in data)
    data = bytearray(members[name])
    data[len(data) // 2] ^= 1
    spoilt = pack.with_name("evidence-pack-spoilt.zip")
    spoilt.write_bytes(b"".join(archive.write(members | {name: bytes(data)})))
    return spoilt


def _verify(pack: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with nothing of the server's but its public key."""
    key = Path(settings.SIGNING_KEY_DIR) / "log.vkey"
    command = [sys.executable, "-m", "audit.tlog.verify", str(pack), "--key", str(key)]
    return subprocess.run(command, capture_output=True, text=True, cwd=settings.BASE_DIR, env={}, check=False)
