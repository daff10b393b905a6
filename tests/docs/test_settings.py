"""Every setting stands in .env.example, and every management command in docs/operations.md."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_setting_stands_in_the_example() -> None:
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', (ROOT / "mlops_server" / "settings.py").read_text()))
    listed = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert read - listed == set()
    # Read by manage.py and by the command that starts the stack.
    assert listed - read == {"PORT", "MIGRATOR_DATABASE_URL", "SEQUENCER_DATABASE_URL"}


def test_every_command_stands_in_operations() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    commands = [path.stem for path in ROOT.glob("*/management/commands/*.py") if path.stem != "__init__"]
    assert [name for name in commands if f"manage.py {name}" not in page] == []
