"""The Wilson score interval: how sure a rate is, given how many it was counted over."""

from math import sqrt

import numpy as np

Z_95 = 1.959963984540054
Z_99 = 2.5758293035489004


def wilson(numerator: int, denominator: int, z: float = Z_95) -> tuple[float, float]:
    """Low and high end of the interval of a proportion; `denominator` must be positive."""
    share = numerator / denominator
    centre = share + z**2 / (2 * denominator)
    spread = z * sqrt(share * (1 - share) / denominator + z**2 / (4 * denominator**2))
    scale = 1 + z**2 / denominator
    # At the ends the formula is exact only up to rounding.
    low = 0.0 if numerator == 0 else max((centre - spread) / scale, 0.0)
    high = 1.0 if numerator == denominator else min((centre + spread) / scale, 1.0)
    return low, high


wilson_of_each = np.vectorize(wilson, otypes=[np.float64, np.float64])
"""The same for arrays of counts."""
