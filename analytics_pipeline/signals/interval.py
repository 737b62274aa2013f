"""The Wilson score interval: how sure a rate is, given how many it was counted over."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
Z_99 = 2.5758293035489004

Counts: TypeAlias = NDArray[np.int64]
Rates: TypeAlias = NDArray[np.float64]


def wilson(numerator: Counts, denominator: Counts, z: float = Z_95) -> tuple[Rates, Rates]:
    """Low and high end of the interval of each proportion; denominators must be positive."""
    share = numerator / denominator
    centre = share + z**2 / (2 * denominator)
    spread = z * np.sqrt(share * (1 - share) / denominator + z**2 / (4 * denominator**2))
    scale = 1 + z**2 / denominator
    # At the ends the formula is exact only up to rounding.
    low = np.where(numerator == 0, 0.0, np.maximum((centre - spread) / scale, 0.0))
    high = np.where(numerator == denominator, 1.0, np.minimum((centre + spread) / scale, 1.0))
    return low, high
