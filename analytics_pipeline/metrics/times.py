"""Times as fixed logarithmic buckets, so that medians over ranges of days come from summed histograms.

A median of daily medians is no median; the histograms of the days add up exactly, and a quantile of their sum
is within 5 % of the true one.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from itertools import accumulate
from math import ceil

import pandas as pd

RATIO = Fraction(11, 10)
HIGHEST_MS = 10**13
"""Where the buckets end, about 317 years; the last one takes everything beyond."""

Histogram = Mapping[str, int]
"""Learners per bucket, as `active_ms_hist` is stored: the bucket's number as text."""


@cache
def time_buckets() -> tuple[tuple[int, int], ...]:
    """Lowest and highest milliseconds of each bucket, both included; without gaps, from 0.

    Small ones hold one millisecond each; above, the highest is at most 1.1 times the lowest.
    """
    buckets = [(0, 0)]
    while buckets[-1][1] < HIGHEST_MS:
        low = buckets[-1][1] + 1
        buckets.append((low, int(low * RATIO)))
    buckets.append((buckets[-1][1] + 1, 2**63 - 1))
    return tuple(buckets)


def time_bucket_frame() -> pd.DataFrame:
    """The relation `time_buckets(bucket, bits, low_ms, high_ms)` that the SQL models read.

    A bucket has a row for each number of binary digits that its milliseconds have, so that a model can join
    by that number and need not compare each time with all buckets.
    """
    rows = [
        (number, bits, max(low, 2 ** (bits - 1) if bits > 1 else 0), min(high, 2**bits - 1))
        for number, (low, high) in enumerate(time_buckets())
        for bits in range(_bits(low), _bits(high) + 1)
    ]
    return pd.DataFrame(rows, columns=["bucket", "bits", "low_ms", "high_ms"])


def _bits(milliseconds: int) -> int:
    return len(f"{milliseconds:b}")


def quantile(histograms: Iterable[Histogram], share: Fraction) -> float | None:
    """The nearest-rank quantile in milliseconds over all learners of these histograms; None without any.

    `share` lies within (0, 1]. The answer differs from the exact one by at most 5 % of it.
    """
    learners: dict[int, int] = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            learners[int(bucket)] = learners.get(int(bucket), 0) + count
    rank = ceil(share * sum(learners.values()))
    if rank == 0:
        return None
    ordered = sorted(learners)
    totals = accumulate(learners[bucket] for bucket in ordered)
    return _middle(next(bucket for bucket, total in zip(ordered, totals, strict=True) if total >= rank))


def _middle(bucket: int) -> float:
    """The value whose relative distance to both ends of the bucket is the same, and so the least."""
    low, high = time_buckets()[bucket]
    if low == high:
        return float(low)
    return 2 * low * high / (low + high)
