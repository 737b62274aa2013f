import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.ingest.limits import BURST_SECONDS, MAX_BUCKETS, Buckets


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    buckets = Buckets(10.0)
    for _ in range(10):
        assert buckets.wait("key", 0.0) == 0.0
        buckets.spend("key", 11, 10, 0.0)
    assert buckets.wait("key", 0.0) == pytest.approx(1.0)
    assert buckets.wait("key", 1.0) == 0.0
    assert buckets.wait("other", 0.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), max_size=200))
def test_nobody_gets_more_than_burst_rate_and_one_request(requests: list[tuple[float, int]]) -> None:
    rate, now, sent, buckets = 10, 0.0, 0, Buckets(10.0)
    for pause, events in requests:
        now += pause
        if buckets.wait("key", now) == 0.0:
            buckets.spend("key", events, rate, now)
            sent += events
    assert sent <= rate * (BURST_SECONDS + now) + 50


def test_the_waiting_time_is_long_enough() -> None:
    buckets = Buckets(10.0)
    buckets.spend("key", 1000, 10, 0.0)
    wait = buckets.wait("key", 0.0)
    assert wait == 90.0
    assert buckets.wait("key", wait) == 0.0


def test_many_addresses_do_not_fill_the_memory() -> None:
    buckets = Buckets(10.0)
    for number in range(MAX_BUCKETS + 10):
        buckets.spend(f"address-{number}", 1000, 1, 0.0)
    assert buckets.wait("address-0", 0.0) == 0.0
    assert buckets.wait(f"address-{MAX_BUCKETS + 9}", 0.0) > 0.0
    assert len(buckets._full_at) <= MAX_BUCKETS
