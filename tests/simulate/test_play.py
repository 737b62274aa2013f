"""What a play looks like from outside: reproducible, in order, and fit for the ingest service."""

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from analytics_pipeline.days import day_of, day_start
from analytics_pipeline.ingest.admission import admit
from analytics_pipeline.ingest.calendar import Calendar
from analytics_pipeline.ingest.intake import Reception, Rules
from analytics_pipeline.instants import microseconds
from analytics_pipeline.simulate import one_of_each, simulate

PARIS = ZoneInfo("Europe/Paris")
LAST_DAY = date(2024, 4, 10)
Event = dict[str, Any]

PRINT_DIGEST = """
import hashlib, msgspec
from datetime import date
from zoneinfo import ZoneInfo
from analytics_pipeline.simulate import simulate
events = list(simulate(2, 20, 15, 3, date(2024, 4, 10), ZoneInfo("Europe/Paris")))
print(hashlib.sha256(msgspec.json.encode(events)).hexdigest())
"""


@pytest.fixture(scope="module")
def play() -> list[Event]:
    return list(simulate(4, 300, 60, 5, LAST_DAY, PARIS, one_of_each()))


def small_play(seed: int = 3, days: int = 15, learners: int = 20) -> list[Event]:
    return list(simulate(2, learners, days, seed, LAST_DAY, PARIS))


def instant(event: Event) -> datetime:
    return datetime.fromisoformat(event["createdAt"])


def learners(events: Iterable[Event]) -> set[str]:
    return {event["userId"] for event in events if event.get("userId", "").startswith("learner")}


def test_the_same_seed_gives_the_same_events_in_another_process_with_another_hash_seed() -> None:
    digest = hashlib.sha256(msgspec.json.encode(small_play())).hexdigest()
    for hash_seed in ("0", "1"):
        printed = subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert printed.stdout.strip() == digest


def test_a_play_does_not_change_unnoticed() -> None:
    """A system that has received the first days of a play must get the very same ones again."""
    digest = hashlib.sha256(msgspec.json.encode(small_play())).hexdigest()
    assert digest == "47fa65fd1d90ad0ef141e069da8b492e710f9d6356f2919d613e311500e50886"


def test_no_two_events_share_an_id_and_no_two_plays_do(play: list[Event]) -> None:
    ids = [event["id"] for event in play]
    assert len(set(ids)) == len(ids)
    others = [small_play(), small_play(seed=4), small_play(days=16), small_play(learners=21)]
    assert sum(map(len, others)) == len({event["id"] for other in others for event in other})


def test_events_come_in_the_order_of_time_and_lie_in_the_days_asked_for(play: list[Event]) -> None:
    instants = [instant(event) for event in play]
    assert all(earlier <= later for earlier, later in pairwise(instants))
    days = {day_of(at, PARIS) for at in instants}
    assert days == {LAST_DAY - timedelta(days=number) for number in range(60)}


def test_a_play_reaches_to_the_very_end_of_its_last_day_and_not_beyond(play: list[Event]) -> None:
    end = day_start(LAST_DAY + timedelta(days=1), PARIS)
    assert end - timedelta(hours=1) < instant(play[-1]) < end


def test_the_ingest_service_accepts_every_event(play: list[Event]) -> None:
    rules = Rules(Calendar(PARIS, date(2024, 1, 1)))
    now = microseconds(datetime(2024, 4, 11, tzinfo=UTC))
    for start in range(0, len(play), 1000):
        body = msgspec.json.encode({"events": play[start : start + 1000]})
        assert admit(body, Reception("key", now), rules).rejections == []


def test_learners_do_everything_that_the_vocabulary_knows(play: list[Event]) -> None:
    kinds = Counter(event["eventType"] for event in play)
    assert len(kinds) == 10
    assert kinds["quiz_attempted"] > kinds["quiz_passed"] > 0
    assert kinds["purchase"] > kinds["refund"] > 0


def test_each_learner_goes_through_a_course_in_its_order(play: list[Event]) -> None:
    journeys = defaultdict(list)
    for event in play:
        if event.get("userId", "").startswith("learner"):
            journeys[event["userId"], event["courseId"]].append(event)
    for events in journeys.values():
        kinds = [event["eventType"] for event in events]
        assert kinds[0] == "course_view"
        if "complete" in kinds:
            assert kinds.index("enroll") < kinds.index("complete") == len(kinds) - 1
        lessons = [event["lessonIdx"] for event in events if "lessonIdx" in event]
        assert lessons == sorted(lessons)


def test_some_browsers_report_time_and_others_leave_gaps(play: list[Event]) -> None:
    viewing = learners(event for event in play if event["eventType"] == "lesson_viewed")
    reporting = learners(event for event in play if event["eventType"] == "lesson_time")
    assert 0.4 < len(reporting) / len(viewing) < 0.9


def test_there_are_visitors_without_a_name_and_staff_with_a_role(play: list[Event]) -> None:
    assert any("userId" not in event for event in play)
    roles = {event["metadata"]["role"] for event in play if "role" in event.get("metadata", {})}
    assert roles
    assert roles <= {"staff", "instructor", "test"}


def test_learners_keep_to_days_and_hours_of_their_own(play: list[Event]) -> None:
    hours: dict[str, Counter[int]] = defaultdict(Counter)
    for event in play:
        if event["eventType"] == "lesson_viewed" and "userId" in event:
            hours[event["userId"]][instant(event).astimezone(PARIS).hour] += 1
    usual = Counter(count.most_common(1)[0][0] for count in hours.values() if count.total() >= 10)
    assert len(usual) >= 6
    assert usual[20] > usual[15]


def test_a_day_that_lacks_an_hour_is_played_like_any_other() -> None:
    """On 31 March 2024 the clocks of Paris went from two to three."""
    events = list(simulate(2, 200, 3, 1, date(2024, 4, 1), PARIS))
    counts = Counter(day_of(instant(event), PARIS) for event in events)
    assert counts[date(2024, 3, 31)] > 50
    assert all(earlier <= later for earlier, later in pairwise(map(instant, events)))
