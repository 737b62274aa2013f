"""The 95 % Wilson score interval: how sure a rate is, given how many it was counted over."""

import pandas as pd

Z_95 = 1.959963984540054


def wilson(numerator: pd.Series, denominator: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Low and high end of the interval of each proportion; denominators must be positive."""
    share = numerator / denominator
    centre = share + Z_95**2 / (2 * denominator)
    spread = Z_95 * (share * (1 - share) / denominator + Z_95**2 / (4 * denominator**2)) ** 0.5
    scale = 1 + Z_95**2 / denominator
    low = ((centre - spread) / scale).clip(lower=0)
    high = ((centre + spread) / scale).clip(upper=1)
    # At the ends the formula is exact only up to rounding.
    return low.mask(numerator == 0, 0.0), high.mask(numerator == denominator, 1.0)
