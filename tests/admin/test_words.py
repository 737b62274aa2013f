from typing import Any

import pytest

from analytics_pipeline.admin.words import NONE, counted, duration, number, percent, signal_sentence


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, NONE), (0.0, "0 %"), (0.043, "4.3 %"), (0.0996, "10 %"), (0.355, "36 %"), (1.0, "100 %")],
)
def test_a_share_is_told_as_a_percentage_and_no_share_as_a_dash(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, NONE),
        (0, "0 s"),
        (89_000, "89 s"),
        (90_000, "2 min"),
        (3_599_000, "1 h 0 min"),
        (7_500_000, "2 h 5 min"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_people_use(milliseconds: int | None, text: str) -> None:
    assert duration(milliseconds) == text


def test_thousands_are_set_apart() -> None:
    assert number(1_234_567) == "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"


def a_signal(rule: str, **more: Any) -> dict[str, Any]:
    return {"rule": rule, "lesson_idx": None, "quiz_id": None, "value": 0.4, "threshold": 0.3, **more}


def test_one_thing_is_told_in_the_singular() -> None:
    assert [counted("rows_published", 2), counted("days", 1), counted("revisions", 0)] == [
        "rows published",
        "day",
        "revisions",
    ]


def test_a_signal_is_told_with_its_counts_its_interval_and_whom_it_counts() -> None:
    evidence = {"numerator": 80, "denominator": 200, "low": 0.335, "high": 0.469}
    days = {"cohorts_from": "2024-04-13", "cohorts_to": "2024-05-18"}
    stops = a_signal("high_drop_off_lesson", lesson_idx=4, evidence={**evidence, **days})
    assert signal_sentence(stops) == (
        "40 % of learners stop at lesson 4 (80 of 200 who started 13 Apr 2024 to 18 May 2024; "
        "95 % interval 34 % to 47 %); the limit is 30 %."
    )
    refunds = a_signal("high_refund_rate", evidence={**evidence, **days})
    assert "(80 of 200 bought 13 Apr 2024 to 18 May 2024;" in signal_sentence(refunds)


def silence(**more: Any) -> dict[str, Any]:
    evidence = {
        "silent_since_day": "2024-04-24",
        "silent_since_hour": 14,
        "before_lesson_idx": 1,
        "before_learners_since": 31.0,
        "before_own_learners_earlier": 38.2,
        "after_lesson_idx": 3,
        "after_learners_since": 30.4,
        "after_own_learners_earlier": 51.0,
        **more,
    }
    return a_signal("silent_emitter", lesson_idx=2, evidence=evidence) | {"value": 1e-9, "threshold": 1e-6}


def test_a_silent_lesson_is_told_with_the_hour_and_what_its_neighbours_had_meanwhile() -> None:
    assert signal_sentence(silence()).replace("\N{NARROW NO-BREAK SPACE}", " ") == (
        "Nobody has viewed lesson 2 since 24 Apr 2024, 14:00, while lesson 1 and lesson 3 had 31 and 30 "
        "visits (a learner counts once a day); in the time before in which each had as many, it had 38 and "
        "51. "
        "Chance leaves such a silence less than once in 1 000 000 000."
    )


def test_a_silent_first_lesson_is_told_by_the_neighbour_that_it_has() -> None:
    sentence = signal_sentence(silence(before_lesson_idx=None) | {"value": 0.0, "lesson_idx": 0})
    assert "while lesson 3 had 30 visits" in sentence
    assert "it had 51." in sentence
