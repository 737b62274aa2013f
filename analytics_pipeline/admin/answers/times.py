"""Time per lesson over a range of days, from the published histograms of time spent."""

from fractions import Fraction

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.answers.rates import Rate, is_hidden, rate
from analytics_pipeline.metrics.times import Histogram, quantile


class LessonTime(Answer):
    """Time that learners spent in a lesson. Its unit is the learner-day: one learner on one day."""

    median_ms: int | None
    """Half of the measured learner-days took at most this long, within 5 %; null without a measurement."""
    p90_ms: int | None
    """Nine of ten measured learner-days took at most this long, within 5 %."""
    mean_ms: int | None
    """Sum ÷ measured learner-days."""
    coverage: Rate
    """Measured learner-days ÷ learner-days with activity; an unmeasured one is never counted as 0."""
    hidden: bool
    """True where too few learner-days, or too few learners at all, were measured to be shown."""


def lesson_time(
    histogram: Histogram,
    *,
    measured: int,
    learner_days: int,
    active_ms_sum: int,
    min_cell: int,
) -> LessonTime:
    """The time of one lesson over a range of days, hidden where `measured` is too small to be shown."""
    coverage = rate(measured, learner_days, min_cell)
    if measured == 0 or is_hidden(measured, min_cell):
        return LessonTime(median_ms=None, p90_ms=None, mean_ms=None, coverage=coverage, hidden=measured > 0)
    return LessonTime(
        median_ms=_quantile_ms(histogram, Fraction(1, 2)),
        p90_ms=_quantile_ms(histogram, Fraction(9, 10)),
        mean_ms=round(active_ms_sum / measured),
        coverage=coverage,
        hidden=False,
    )


def _quantile_ms(histogram: Histogram, share: Fraction) -> int | None:
    milliseconds = quantile([histogram], share)
    return None if milliseconds is None else round(milliseconds)
