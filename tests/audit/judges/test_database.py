"""The log of a running server, downloaded as a stranger does, before every judge at once."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from audit.signing import keys
from audit.tlog import checkpoint, note, tiles
from tests import factories
from tests.audit.judges import logs, node
from tests.audit.judges.test_pymerkle import tree_of
from tests.audit.judges.test_sigstore_js import case, judged
from tests.audit.judges.test_tiles import accepts, files, rebuilt
from tests.audit.tlog import examples


def download(path: str) -> bytes:
    answer = Client().get(f"/log/{path}")
    assert answer.status_code == 200
    return answer.content


@pytest.fixture(name="downloaded")
def _downloaded(live_database: str, tmp_path: Path) -> logs.Log:
    """A log that services wrote in their transactions and the sequencer put in order: more than one tile of it."""
    account = factories.person()
    for _ in range(260):
        factories.token(account)
    factories.system()
    factories.sequence()
    key = note.Verifier(settings.LOG_ORIGIN, note.ED25519, keys.public(keys.LOG))
    size = checkpoint.open_signed(download("checkpoint"), [key]).head.size
    hashes = [tiles.tile_path(path.level or 0, path.n, path.width) for path in tiles.new_tiles(0, size)]
    bundles = [tiles.bundle_path(path.n, path.width) for path in tiles.new_bundles(0, size)]
    examples.write(tmp_path, {path: download(path) for path in ["checkpoint", *hashes, *bundles]})
    return logs.Log(tmp_path, size, key)


def test_log_of_a_server_is_accepted_by_every_judge(downloaded: logs.Log, node_modules: Path, tlog_tool: Path) -> None:
    leaves = downloaded.leaves()
    assert downloaded.size > tiles.WIDTH
    assert downloaded.head.root == tree_of(downloaded).get_root()
    assert files(downloaded.folder) == rebuilt(tlog_tool, leaves, downloaded.folder)
    assert accepts(tlog_tool, "verify-checkpoint", "--tiles", downloaded.folder, "--log-key", downloaded.key.vkey)
    cases = [case(downloaded, index, leaf, downloaded.key) for index, leaf in enumerate(leaves)]
    assert judged(node_modules, cases) == ["accepted"] * downloaded.size
    again = node.run("canonicalize.mjs", node_modules, [leaf.decode() for leaf in leaves])
    assert [text.encode() for text in again] == leaves
