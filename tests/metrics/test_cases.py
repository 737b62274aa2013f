"""Cases counted by hand: each names the rule it stands for, some the mistake that public systems made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics_pipeline.engine import Engine
from analytics_pipeline.metrics.times import quantile
from tests.metrics.oracle import Rows, Wire
from tests.metrics.oracle_cohorts import Asked
from tests.metrics.streams import PARIS
from tests.metrics.tables import modelled

MARCH = Asked(zone=ZoneInfo("UTC"), as_of_day=date(2024, 3, 31))
NUMBERS = count()

Tables = Callable[..., dict[str, Rows]]


@pytest.fixture
def tables(engine: Engine) -> Tables:
    """The tables of some events, as of the end of March 2024 unless asked otherwise."""
    return lambda *wire, asked=MARCH: modelled(engine, list(wire), asked)


def event(kind: str, at: str, learner: str | None = "u1", lesson: int | None = None, **about: Any) -> Wire:
    return {
        "id": f"e{next(NUMBERS)}",
        "eventType": kind,
        "userId": learner,
        "courseId": "c1",
        "lessonIdx": lesson,
        "metadata": about,
        "createdAt": f"{at}+00:00",
    }


def view(at: str, lesson: int = 0, learner: str | None = "u1") -> Wire:
    return event("lesson_viewed", at, learner, lesson)


def only(rows: Rows, **where: Any) -> dict[str, Any]:
    """The one row that has these values."""
    (row,) = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return row


def test_a_learner_active_an_hour_ago_is_not_stopped_whatever_lay_in_between(tables: Tables) -> None:
    """A filter before a max() once listed such a learner as at risk (Open edX Aspects)."""
    lesson = only(tables(view("2024-03-01T10:00:00"), view("2024-03-31T23:00:00"))["lesson_cohort"])
    assert (lesson["active"], lesson["stopped"]) == (1, 0)


def test_activity_outside_of_lessons_keeps_a_learner_active(tables: Tables) -> None:
    lesson = only(
        tables(view("2024-03-01T10:00:00"), event("course_view", "2024-03-30T10:00:00"))["lesson_cohort"]
    )
    assert (lesson["active"], lesson["stopped"]) == (1, 0)


def test_a_learner_is_quiet_after_seven_full_days(tables: Tables) -> None:
    at_the_limit, before_it = view("2024-03-25T00:00:00"), view("2024-03-24T23:59:59")
    assert only(tables(at_the_limit)["lesson_cohort"])["active"] == 1
    assert only(tables(before_it)["lesson_cohort"])["stopped"] == 1


def test_a_window_that_is_still_open_is_not_a_loss(tables: Tables) -> None:
    """Open funnel windows were once counted as lost (PostHog 33605)."""
    funnel = tables(event("enroll", "2024-03-30T10:00:00"))["course_funnel"]
    row = only(funnel, funnel="completion")
    assert (row["entered"], row["open"], row["dropped"], row["mature"]) == (1, 1, 0, 0)


def test_a_window_ends_to_the_microsecond(tables: Tables) -> None:
    asked = replace(MARCH, window_days=1)
    enrolled = event("enroll", "2024-03-01T10:00:00")
    in_time = tables(enrolled, event("complete", "2024-03-02T09:59:59.999999"), asked=asked)
    too_late = tables(enrolled, event("complete", "2024-03-02T10:00:00"), asked=asked)
    assert only(in_time["course_funnel"])["converted"] == 1
    assert only(too_late["course_funnel"])["dropped"] == 1


def test_a_window_that_ends_at_as_of_is_over(tables: Tables) -> None:
    asked = replace(MARCH, window_days=1)
    at_the_limit = tables(event("enroll", "2024-03-31T00:00:00"), asked=asked)
    after_it = tables(event("enroll", "2024-03-31T00:00:00.000001"), asked=asked)
    assert only(at_the_limit["course_funnel"])["dropped"] == 1
    assert only(after_it["course_funnel"])["open"] == 1


def test_steps_at_one_instant_follow_each_other(tables: Tables) -> None:
    kinds = ("course_view", "enroll", "complete")
    funnel = tables(*(event(kind, "2024-03-01T10:00:00") for kind in kinds))["course_funnel"]
    assert only(funnel, funnel="discovery")["converted"] == 1


def test_a_course_may_have_a_window_of_its_own(tables: Tables) -> None:
    asked = replace(MARCH, window_days=1, windows={"c1": 30})
    events = event("enroll", "2024-03-01T10:00:00"), event("complete", "2024-03-20T10:00:00")
    assert only(tables(*events, asked=asked)["course_funnel"])["converted"] == 1


def test_a_median_over_days_is_that_of_all_learners_not_of_the_days(tables: Tables) -> None:
    """Daily averages were once averaged (Plausible 4429): two quiet days would outweigh the busy one."""
    long_days = [event("lesson_time", f"2024-03-0{n}T10:00:00", "u1", 0, activeMs=600_000) for n in (1, 2)]
    busy_day = [event("lesson_time", "2024-03-03T10:00:00", f"u{n}", 0, activeMs=1000) for n in range(9)]
    days = tables(*long_days, *busy_day)["lesson_daily"]
    over_the_range = quantile((day["active_ms_hist"] for day in days), Fraction(1, 2))
    assert over_the_range == pytest.approx(1000, rel=0.05)
    assert sorted(day["active_ms_median"] for day in days) == [1000, 600_000, 600_000]


def test_one_reading_of_six_minutes_is_six_minutes(tables: Tables) -> None:
    """One such reading once counted as zero (Umami 3001)."""
    lesson = only(
        tables(view("2024-03-01T10:00:00", 0), view("2024-03-01T10:06:00", 1))["lesson_daily"], lesson_idx=0
    )
    assert (lesson["measured_learners"], lesson["active_ms_sum"]) == (1, 360_000)


def test_a_last_view_of_the_day_is_unmeasured_and_not_zero(tables: Tables) -> None:
    made = tables(view("2024-03-01T23:50:00"), view("2024-03-02T00:01:00"))
    for lesson in made["lesson_daily"]:
        assert (lesson["viewers"], lesson["measured_learners"], lesson["active_ms_median"]) == (1, 0, None)
    assert [row["unmeasured_views"] for row in made["learner_days"]] == [1, 1]


def test_a_gap_over_half_an_hour_counts_only_up_to_the_completion_of_the_same_lesson(tables: Tables) -> None:
    start, end = "2024-03-01T10:00:00", "2024-03-01T12:00:00"
    closed = tables(view(start), event("lesson_completed", end, lesson=0))
    other = tables(view(start), event("lesson_completed", end, lesson=1))
    assert only(closed["lesson_daily"])["active_ms_sum"] == 7_200_000
    assert only(other["lesson_daily"], lesson_idx=0)["measured_learners"] == 0


def test_reports_count_instead_of_gaps_unless_all_of_them_slept(tables: Tables) -> None:
    views = view("2024-03-01T10:00:00"), view("2024-03-01T10:05:00", 1)
    told = event("lesson_time", "2024-03-01T10:04:00", lesson=0, activeMs=60_000)
    slept = event("lesson_time", "2024-03-01T10:05:00", lesson=0, activeMs=600_001)
    assert only(tables(*views, told, slept)["lesson_daily"], lesson_idx=0)["active_ms_sum"] == 60_000
    assert only(tables(*views, slept)["lesson_daily"], lesson_idx=0)["active_ms_sum"] == 300_000


@pytest.mark.parametrize(
    ("closing", "left", "measured"),
    [
        ("lesson_viewed", "10:30:00.000000", 1),
        ("lesson_viewed", "10:30:00.000001", 0),
        ("lesson_completed", "14:00:00.000000", 1),
        ("lesson_completed", "14:00:00.000001", 0),
    ],
)
def test_a_gap_counts_up_to_its_limit_and_not_beyond(
    tables: Tables, closing: str, left: str, measured: int
) -> None:
    made = tables(view("2024-03-01T10:00:00"), event(closing, f"2024-03-01T{left}", lesson=0))
    assert only(made["lesson_daily"])["measured_learners"] == measured


@pytest.mark.parametrize(("told", "counted"), [(0, 0), (1999.9, 1999), (600_000, 600_000), (600_000.5, None)])
def test_a_report_counts_its_whole_milliseconds_up_to_ten_minutes(
    tables: Tables, told: float, counted: int | None
) -> None:
    lesson = only(
        tables(event("lesson_time", "2024-03-01T10:00:00", lesson=0, activeMs=told))["lesson_daily"]
    )
    assert (lesson["measured_learners"], lesson["active_ms_median"]) == (int(counted is not None), counted)


def test_a_report_of_nothing_counts_before_a_gap(tables: Tables) -> None:
    views = view("2024-03-01T10:00:00"), view("2024-03-01T10:05:00", 1)
    idle = event("lesson_time", "2024-03-01T10:04:00", lesson=0, activeMs=0)
    lesson = only(tables(*views, idle)["lesson_daily"], lesson_idx=0)
    assert (lesson["measured_learners"], lesson["active_ms_sum"]) == (1, 0)


def test_ranks_are_the_nearest_for_any_number_of_learners(tables: Tables) -> None:
    """Lesson n has n learners, whose times are 1 to n seconds."""
    told = [
        event("lesson_time", "2024-03-01T10:00:00", f"u{n}", learners, activeMs=n * 1000)
        for learners in range(1, 13)
        for n in range(1, learners + 1)
    ]
    ranks = {
        row["lesson_idx"]: (row["active_ms_median"] // 1000, row["active_ms_p90"] // 1000)
        for row in tables(*told)["lesson_daily"]
    }
    assert ranks == {
        1: (1, 1), 2: (1, 2), 3: (2, 3), 4: (2, 4), 5: (3, 5), 6: (3, 6), 7: (4, 7), 8: (4, 8), 9: (5, 9),
        10: (5, 9), 11: (6, 10), 12: (6, 11),
    }  # fmt: skip


def test_median_and_p90_are_values_that_some_learner_had(tables: Tables) -> None:
    told = [event("lesson_time", "2024-03-01T10:00:00", f"u{n}", 0, activeMs=n * 1000) for n in range(1, 11)]
    lesson = only(tables(*told)["lesson_daily"])
    assert (lesson["active_ms_median"], lesson["active_ms_p90"]) == (5000, 9000)


def test_the_day_that_lasts_25_hours_has_a_view_in_each(tables: Tables) -> None:
    asked = replace(MARCH, zone=PARIS, as_of_day=date(2024, 10, 27))
    utc = [f"2024-10-26T{hour}:30:00" for hour in (22, 23)] + [f"2024-10-27T{n:02}:30:00" for n in range(23)]
    lesson = only(tables(*(view(at) for at in utc), asked=asked)["lesson_daily"])
    assert lesson["views_by_hour"] == [1] * 25


def test_the_day_that_lasts_23_hours_leaves_two_without_a_view(tables: Tables) -> None:
    asked = replace(MARCH, zone=PARIS)
    utc = ["2024-03-30T23:30:00"] + [f"2024-03-31T{n:02}:30:00" for n in range(22)]
    lesson = only(tables(*(view(at) for at in utc), asked=asked)["lesson_daily"])
    assert lesson["views_by_hour"] == [1] * 23 + [0, 0]


def test_anonymous_events_are_events_and_never_learners(tables: Tables) -> None:
    made = tables(view("2024-03-01T10:00:00", learner=None), event("enroll", "2024-03-01T10:00:00", None))
    lesson, course = only(made["lesson_daily"]), only(made["course_daily"])
    assert (lesson["views"], lesson["viewers"]) == (1, 0)
    assert (course["views"], course["learners"], course["enrolments"]) == (1, 0, 0)
    assert not made["lesson_cohort"]
    assert not made["course_funnel"]
    assert only(made["event_day"], event_type="enroll")["anonymous"] == 1


@pytest.mark.parametrize("role", ["staff", "instructor", "test"])
def test_staff_are_counted_as_excluded_and_nowhere_else(tables: Tables, role: str) -> None:
    made = tables(event("lesson_viewed", "2024-03-01T10:00:00", lesson=0, role=role))
    row = only(made.pop("event_day"))
    assert (row["events"], row["anonymous"], row["excluded"]) == (0, 0, 1)
    assert not any(made.values())


def test_a_completion_without_a_view_counts_as_both(tables: Tables) -> None:
    lesson = only(tables(event("lesson_completed", "2024-03-01T10:00:00", lesson=4))["lesson_cohort"])
    assert (lesson["viewers"], lesson["completers"]) == (1, 1)


def test_quiz_activity_reaches_the_lesson_it_happened_in(tables: Tables) -> None:
    made = tables(
        view("2024-03-01T10:00:00"), event("quiz_attempted", "2024-03-02T10:00:00", lesson=3, quizId="q")
    )
    assert only(made["lesson_cohort"], lesson_idx=3)["stopped"] == 1
    assert only(made["lesson_daily"], lesson_idx=3)["quiz_attempters"] == 1


def test_a_quiz_in_two_lessons_is_one_quiz_of_the_lower(tables: Tables) -> None:
    tries = [event("quiz_attempted", f"2024-03-0{n}T10:00:00", lesson=9 - n, quizId=5) for n in (1, 2)]
    quiz = only(tables(*tries)["quiz_cohort"])
    assert (quiz["quiz_id"], quiz["lesson_idx"], quiz["attempters"], quiz["attempts"]) == ("5", 7, 1, 2)


@pytest.mark.parametrize(
    ("second_attempt", "passed_at", "passed_first"),
    [
        ("10:05:00", "10:04:59", 1),
        ("10:05:00", "10:05:00", 0),
        ("10:05:00", "10:05:01", 0),
        (None, "10:05:00", 1),
    ],
)
def test_a_pass_is_of_the_first_attempt_until_there_is_a_second(
    tables: Tables, second_attempt: str | None, passed_at: str, passed_first: int
) -> None:
    tries = ["10:00:00", *([second_attempt] if second_attempt else [])]
    attempts = [event("quiz_attempted", f"2024-03-01T{at}", lesson=1) for at in tries]
    quiz = only(tables(*attempts, event("quiz_passed", f"2024-03-01T{passed_at}", lesson=1))["quiz_cohort"])
    assert (quiz["first_attempt_passers"], quiz["best_attempt_passers"]) == (passed_first, 1)


def test_a_pass_that_says_attempt_1_is_of_the_first_attempt_however_late_it_came(tables: Tables) -> None:
    attempts = [event("quiz_attempted", f"2024-03-01T10:0{n}:00", lesson=1) for n in range(3)]
    passed = event("quiz_passed", "2024-03-01T11:00:00", lesson=1, attempt=1)
    assert only(tables(*attempts, passed)["quiz_cohort"])["first_attempt_passers"] == 1


def test_a_pass_without_an_attempt_counts_as_an_attempt(tables: Tables) -> None:
    quiz = only(tables(event("quiz_passed", "2024-03-01T10:00:00", lesson=1))["quiz_cohort"])
    assert (quiz["attempters"], quiz["first_attempt_passers"], quiz["attempts"]) == (1, 1, 0)


def test_enrolling_before_the_first_view_is_not_discovery_but_at_the_same_instant_it_is(
    tables: Tables,
) -> None:
    seen = event("course_view", "2024-03-01T10:00:00")
    before = tables(event("enroll", "2024-03-01T09:59:59"), seen)["course_funnel"]
    together = tables(event("enroll", "2024-03-01T10:00:00"), seen)["course_funnel"]
    row = only(before, funnel="discovery")
    assert (row["entered"], row["already_enrolled"]) == (0, 1)
    row = only(together, funnel="discovery")
    assert (row["entered"], row["step_2"], row["already_enrolled"]) == (1, 1, 0)


def test_discovery_counts_the_steps_in_their_order(tables: Tables) -> None:
    funnel = tables(
        event("course_view", "2024-03-01T10:00:00"),
        event("complete", "2024-03-02T10:00:00"),
        event("enroll", "2024-03-03T10:00:00"),
    )["course_funnel"]
    row = only(funnel, funnel="discovery")
    assert (row["step_2"], row["step_3"], row["open"]) == (1, 0, 1)


def test_a_purchase_after_enrolment_and_completion_still_converts(tables: Tables) -> None:
    funnel = tables(
        event("enroll", "2024-03-01T10:00:00"),
        event("complete", "2024-03-02T10:00:00"),
        event("purchase", "2024-03-03T10:00:00"),
    )["course_funnel"]
    row = only(funnel, funnel="purchase")
    assert (row["cohort_day"], row["step_2"], row["step_3"], row["converted"]) == (date(2024, 3, 3), 1, 1, 1)


def test_a_refund_marks_the_entry_order_even_when_it_names_no_learner(tables: Tables) -> None:
    bought = event("purchase", "2024-03-01T10:00:00", orderId="o1")
    refunded = event("refund", "2024-03-05T10:00:00", None, orderId="o1")
    other = event("refund", "2024-03-05T10:00:00", orderId="o2")
    assert only(tables(bought, refunded)["course_funnel"])["refunded"] == 1
    assert only(tables(bought, other)["course_funnel"])["refunded"] == 0


def test_a_refund_names_an_order_without_an_id_by_its_purchase(tables: Tables) -> None:
    bought = event("purchase", "2024-03-01T10:00:00")
    refunded = event("refund", "2024-03-05T10:00:00", orderId=bought["id"])
    assert only(tables(bought, refunded)["course_funnel"])["refunded"] == 1


def test_an_order_delivered_in_two_events_is_one_purchase(tables: Tables) -> None:
    bought = [event("purchase", f"2024-03-01T1{n}:00:00", orderId=17) for n in range(2)]
    assert only(tables(*bought)["course_daily"])["purchases"] == 1


def test_refunds_add_up_to_at_most_what_was_paid(tables: Tables) -> None:
    bought = event("purchase", "2024-03-01T10:00:00", orderId="o1", amount="20.00", currency="EUR")
    parts = [
        event("refund", f"2024-03-0{n}T10:00:00", orderId="o1", amount=15, currency="EUR") for n in (2, 3)
    ]
    order = only(tables(bought, *parts)["course_refund"])
    assert (order["orders"], order["refunded_orders"]) == (1, 1)
    assert (order["gross"], order["refunded"], order["net"]) == (20, 20, 0)


def test_the_lesson_reached_is_the_highest_before_the_refund(tables: Tables) -> None:
    order = only(
        tables(
            event("purchase", "2024-03-01T10:00:00", orderId="o1"),
            view("2024-03-02T10:00:00", 2),
            view("2024-03-03T10:00:00", 4),
            event("refund", "2024-03-03T10:00:00", orderId="o1"),
        )["course_refund"]
    )
    assert order["last_lesson_idx"] == 2


def test_an_order_counts_in_the_rate_when_its_window_is_over(tables: Tables) -> None:
    bought = event("purchase", "2024-03-02T00:00:00"), event("purchase", "2024-03-02T00:00:00.000001")
    assert only(tables(*bought)["course_refund"])["mature_orders"] == 1


def test_a_course_that_sends_no_refunds_is_judged_by_orders_without_enrolment(tables: Tables) -> None:
    bought = [event("purchase", "2024-03-01T10:00:00", f"u{n}") for n in range(2)]
    orders = only(tables(*bought, event("enroll", "2024-03-05T10:00:00", "u0"))["course_refund"])
    assert (orders["mature_orders"], orders["mature_refunded_orders"], orders["approximate"]) == (2, 1, True)
    assert orders["refunded"] == 0


def test_the_lesson_index_of_a_course_event_is_ignored(tables: Tables) -> None:
    made = tables(event("enroll", "2024-03-01T10:00:00", lesson=7))
    assert not made["lesson_daily"]
    assert only(made["learner_days"])["lesson_idx"] is None
