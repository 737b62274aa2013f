from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.admin.answers.rates import HIDDEN_RATE, count, rate
from analytics_pipeline.signals.interval import wilson


def test_the_interval_is_that_of_a_published_example() -> None:
    # Newcombe (1998), table I, method 3: 81 of 263.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_nobody_out_of_some_has_a_low_end_of_exactly_zero() -> None:
    assert wilson(0, 20)[0] == 0
    assert wilson(20, 20)[1] == 1


@given(st.integers(1, 10**9).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_rate_and_lies_within_zero_and_one(counts: tuple[int, int]) -> None:
    low, high = wilson(*counts)
    share = counts[0] / counts[1]
    assert 0 <= low <= share or isclose(low, share)
    assert share <= high <= 1 or isclose(high, share)


def test_a_rate_without_a_denominator_is_null_and_not_zero() -> None:
    nobody = rate(0, 0, 5)
    assert nobody.value is None
    assert (nobody.numerator, nobody.denominator, nobody.hidden) == (0, 0, False)


@given(st.integers(1, 50), st.integers(1, 50))
def test_a_rate_is_hidden_with_its_counts_exactly_below_the_smallest_cell(of: int, min_cell: int) -> None:
    assert (rate(1, of, min_cell) == HIDDEN_RATE) == (of < min_cell)
    assert (count(1, of, min_cell) is None) == (of < min_cell)
