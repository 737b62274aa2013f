"""Histograms of times: without gaps, fine enough, and true to within the stated error when summed."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.metrics.times import HIGHEST_MS, quantile, time_bucket_frame, time_buckets
from tests.metrics.oracle import bucket_of, histogram

milliseconds = st.one_of(st.integers(0, 200), st.integers(0, HIGHEST_MS))


def test_buckets_follow_each_other_from_zero_without_a_gap() -> None:
    buckets = time_buckets()
    assert buckets[0][0] == 0
    assert buckets[-1][1] == 2**63 - 1
    assert all(high + 1 == low for (_, high), (low, _) in pairwise(buckets))


def test_a_bucket_is_one_millisecond_or_at_most_a_tenth_wide() -> None:
    assert all(low == high or 10 * high <= 11 * low for low, high in time_buckets()[:-1])


def test_the_models_read_the_same_buckets_cut_where_a_binary_digit_is_added() -> None:
    rows = list(time_bucket_frame().itertuples(index=False, name=None))
    assert all(len(bin(low)) - 2 == bits == len(bin(high)) - 2 for _, bits, low, high in rows)
    joined: dict[int, tuple[int, int]] = {}
    for number, _, low, high in rows:
        before = joined.get(number, (low, low - 1))
        assert low == before[1] + 1
        joined[number] = (before[0], high)
    assert list(joined.items()) == list(enumerate(time_buckets()))


@given(st.lists(st.lists(milliseconds), max_size=5), st.sampled_from((Fraction(1, 2), Fraction(9, 10))))
def test_a_quantile_of_summed_histograms_is_within_five_per_cent(
    days: list[list[int]], share: Fraction
) -> None:
    found = quantile([histogram(day) for day in days], share)
    values = sorted(value for day in days for value in day)
    if not values:
        assert found is None
        return
    assert found is not None
    exact = next(value for rank, value in enumerate(values, 1) if rank >= share * len(values))
    assert abs(found - exact) <= 0.05 * exact


@given(milliseconds)
def test_a_time_lies_within_its_bucket(value: int) -> None:
    low, high = time_buckets()[bucket_of(value)]
    assert low <= value <= high
