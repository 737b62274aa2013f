from analytics_pipeline.admin.answers.times import lesson_time
from analytics_pipeline.metrics.times import time_buckets


def bucket_of(milliseconds: int) -> str:
    return str(next(i for i, (low, high) in enumerate(time_buckets()) if low <= milliseconds <= high))


def test_a_median_over_days_lies_within_five_percent() -> None:
    histogram = {bucket_of(60_000): 10, bucket_of(600_000): 5}
    time = lesson_time(histogram, measured=15, learner_days=20, active_ms_sum=3_600_000, min_cell=5)
    assert abs((time.median_ms or 0) - 60_000) <= 3_000
    assert abs((time.p90_ms or 0) - 600_000) <= 30_000
    assert time.mean_ms == 240_000
    assert (time.coverage.numerator, time.coverage.denominator) == (15, 20)


def test_time_that_too_few_learner_days_measured_is_hidden() -> None:
    few = lesson_time({"20": 4}, measured=4, learner_days=80, active_ms_sum=99, min_cell=5)
    assert (few.hidden, few.median_ms, few.p90_ms, few.mean_ms) == (True, None, None, None)


def test_an_unmeasured_lesson_has_no_time_and_hides_nothing() -> None:
    none = lesson_time({}, measured=0, learner_days=80, active_ms_sum=0, min_cell=5)
    assert (none.hidden, none.median_ms, none.coverage.value) == (False, None, 0.0)
