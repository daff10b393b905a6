"""The upper tail of the limiting laws of Cramer-von Mises and of Anderson-Darling, which never underflows.

Both are the law of a sum of squared normals, w_1 z_1^2 + w_2 z_2^2 + ..., with w_j = 1 / (j pi)^2 and 1 / (j (j +
1)). Reference: N. V. Smirnov's formula, in J. Durbin and M. Knott, J. R. Stat. Soc. B 34 (1972), 290-307: with D(u) =
(1 - w_1 u) (1 - w_2 u) ..., P(> x) = 1/pi times the sum over j = 1, 3, 5, ... of -+ the integral from 1/w_j to
1/w_(j+1) of exp(-x u / 2) / (u sqrt|D(u)|). Each integrand is singular at both ends as Gauss-Chebyshev wants it. The
usual series for the lower tail loses all digits of a small p, and grows again with the statistic.
"""

import math

from monitoring.kernels.compiled import compiled

NODES = 64
LOST = 45.0  # e^-45 of the largest term is no longer seen


@compiled
def log_cramer_von_mises(value: float) -> float:
    """log P(> value). Here u = y^2 and D = sin(y) / y, whose zeros are j pi."""
    if value < 0.01:
        return 0.0
    return _log_tail(value, 0.0, 1.0)


@compiled
def log_anderson_darling(value: float) -> float:
    """log P(> value). Here u = (y^2 - pi^2/4) / pi^2 and D = -cos(y) / (pi u), whose zeros are (j + 1/2) pi."""
    if value < 0.03:
        return 0.0
    return _log_tail(value, math.pi / 2.0, 1.0 / math.pi**2)


def warm() -> None:
    """Compile or load the laws."""
    log_cramer_von_mises(1.0)
    log_anderson_darling(1.0)


@compiled
def _log_tail(value: float, shift: float, unit: float) -> float:
    lowest = unit * ((math.pi + shift) ** 2 - shift**2)
    total, sign, j = 0.0, 1.0, 1
    while True:
        start = j * math.pi + shift
        power = value * (unit * (start**2 - shift**2) - lowest) / 2.0
        if power > LOST:
            break
        total += sign * math.exp(-power) * _integral(value, start, shift, unit)
        sign, j = -sign, j + 2
    return min(0.0, math.log(total / math.pi) - value * lowest / 2.0)


@compiled
def _integral(value: float, start: float, shift: float, unit: float) -> float:
    """From one zero to the next, exp(-value u / 2) divided by what it is at the first."""
    width = min(math.pi, LOST / (value * unit * start))
    total = 0.0
    for node in range(NODES):
        angle = (node + 0.5) * math.pi / (2 * NODES)
        # Distances from both zeros are computed as such, so that they keep their digits near them.
        w = width * math.sin(angle) ** 2
        y = start + w
        u = unit * (y * y - shift * shift)
        density = y if shift == 0.0 else math.pi * u
        rest = width * math.cos(angle) ** 2
        sine = math.sin(min(w, math.pi - width + rest))
        decay = math.exp(-value * unit * (start * w + w * w / 2.0))
        total += decay * math.sqrt(density / sine * w * rest) / u * 2.0 * unit * y
    return total * math.pi / NODES
