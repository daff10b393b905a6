"""Whose detectors these are, and under which terms; shown wherever their results are."""

from monitoring.detectors.detector import Licence

OURS = Licence("Apache-2.0", production=True)
RIVER = Licence("BSD-3-Clause", production=True)
ALIBI = Licence(
    "Business Source License 1.1",
    production=False,
    terms=(
        "For non-production use, and for production use by non-profit educational institutions. "
        "Any other production use needs a commercial licence from the vendor, Seldon Technologies."
    ),
)
