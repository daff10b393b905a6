"""What asking for a detector's settings must not cost."""

import subprocess
import sys

HEAVY = ("numba", "pandas", "river", "scipy", "sklearn")


def test_detectors_and_their_settings_load_nothing_heavy() -> None:
    """The web process lists them and checks what a person gave; it compares nothing."""
    told = "[one.settings({}) for one in detectors.DETECTORS.values()]"
    code = f"import sys; from monitoring import detectors; {told}; print(*(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
