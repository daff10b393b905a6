"""The last chapters: what a stranger verifies with a public key, a flipped byte that is found, and the self-check."""

import subprocess
import sys
import zipfile
from pathlib import Path

from django.conf import settings

from audit.models import Verification
from audit.tlog import archive
from mlops_server.demo.story import Story
from workers.tasks import watch


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


def verify_the_log(story: Story) -> None:
    """8. The whole log is read from its address and verified; the self-check compares every governed row with it."""
    read = _verify(f"{story.people('anton').base}/log/")
    if read.returncode != 0:
        raise AssertionError(f"The verifier answered {read.returncode}: {read.stdout}{read.stderr}")
    story.tell(f"Anybody can read the log and verify it: {read.stdout.strip().splitlines()[-1]}", "/log/checkpoint")
    found = watch.verify_log()
    checked = Verification.objects.latest("finished_at")
    story.tell(
        f"Self-check: {checked.entries} entries and {checked.rows} rows compared, {found or 'no'} findings",
        f"/admin/audit/verification/{checked.pk}/change/",
    )


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


def _verify(source: Path | str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with nothing of the server's but its public key."""
    key = Path(settings.SIGNING_KEY_DIR) / "log.vkey"
    command = [sys.executable, "-m", "audit.tlog.verify", str(source), "--key", str(key)]
    return subprocess.run(command, capture_output=True, text=True, cwd=settings.BASE_DIR, env={}, check=False)
