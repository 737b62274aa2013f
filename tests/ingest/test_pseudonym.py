"""Learners under a key: the same pseudonym every time, and no id in clear anywhere."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from analytics_pipeline.ingest.calendar import Calendar
from analytics_pipeline.ingest.intake import Rules
from analytics_pipeline.ingest.pseudonym import pseudonymiser
from tests.ingest.batches import admit_events, stored, wire

RULES = Rules(
    Calendar(ZoneInfo("UTC"), date(2024, 1, 1)), pseudonym=pseudonymiser("a secret of a good length")
)


def test_a_learner_is_stored_under_the_same_pseudonym_every_time() -> None:
    admission = admit_events(wire(id="a"), wire(id="b"), wire(id="c", userId="other"), rules=RULES)
    first, second, other = (line["learner_id"] for line in stored(admission))
    assert first == second != other
    assert "learner-1" not in str(admission)
    other_key = Rules(RULES.calendar, pseudonym=pseudonymiser("another secret of a good length"))
    assert stored(admit_events(wire(), rules=other_key))[0]["learner_id"] != first


def test_nobody_stays_nobody() -> None:
    assert stored(admit_events(wire(userId=...), rules=RULES))[0]["learner_id"] is None


def test_a_replayed_event_keeps_its_pseudonym() -> None:
    [line] = stored(admit_events(wire(), rules=RULES))
    [again] = stored(admit_events(wire(userId=line["learner_id"]), rules=RULES))
    assert again["learner_id"] == line["learner_id"]


def test_the_derived_id_tells_nothing_about_the_learner() -> None:
    plain, keyed = (
        stored(admit_events(wire(id=...), **rules))[0]["event_id"]  # type: ignore[arg-type]
        for rules in ({}, {"rules": RULES})
    )
    assert plain != keyed


@pytest.mark.parametrize(
    "bad",
    [
        wire(lessonIdx=-1, userId="anna@example.org"),
        wire(userId={"name": "anna@example.org"}),
        wire(userId=["anna@example.org"] * 100),
        wire(lessonIdx=-1, user_id="anna@example.org"),
        "anna@example.org",
        ["anna@example.org"],
    ],
)
def test_quarantine_holds_no_learner_in_clear(bad: object) -> None:
    [row] = admit_events(bad, rules=RULES).quarantine
    assert b"anna" not in row.body
    assert "anna" not in row.reason
