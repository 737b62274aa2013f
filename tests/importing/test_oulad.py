"""The OULAD data set: a small one made here, and the real one counted apart from the mapping."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd
import pytest

from analytics_pipeline.importing.oulad import NAMESPACE, open_oulad
from analytics_pipeline.importing.source import WrongSourceError

UTC_ZONE = ZoneInfo("UTC")
Event = dict[str, Any]

PRESENTATION = {"code_module": "AAA", "code_presentation": "2013J"}
SMALL: dict[str, list[dict[str, Any]]] = {
    "courses": [
        PRESENTATION | {"module_presentation_length": 268.0},
        {"code_module": "BBB", "code_presentation": "2014B", "module_presentation_length": 240.0},
    ],
    "studentRegistration": [
        PRESENTATION | {"id_student": 1.0, "date_registration": -5.0},
        PRESENTATION | {"id_student": 2.0, "date_registration": None},
        {"code_module": "BBB", "code_presentation": "2014B", "id_student": 1.0, "date_registration": 3.0},
    ],
    "studentVle": [
        PRESENTATION | {"id_student": 1, "id_site": site, "date": day, "sum_click": clicks}
        for site, day, clicks in [(90, 0, 4), (70, -3, 1), (70, -3, 1), (70, -3, 2), (80, 0, 1), (90, 31, 1)]
    ],
    "assessments": [PRESENTATION | {"id_assessment": 11.0}, PRESENTATION | {"id_assessment": 12.0}],
    "studentAssessment": [
        {"id_assessment": 11.0, "id_student": 1.0, "date_submitted": 31.0, "is_banked": 0.0, "score": 40.0},
        {"id_assessment": 12.0, "id_student": 1.0, "date_submitted": 32.0, "is_banked": 0.0, "score": None},
        {"id_assessment": 12.0, "id_student": 2.0, "date_submitted": 32.0, "is_banked": 0.0, "score": 39.0},
        {"id_assessment": 11.0, "id_student": 2.0, "date_submitted": -1.0, "is_banked": 1.0, "score": 90.0},
    ],
    "studentInfo": [
        PRESENTATION | {"id_student": 1, "final_result": "Distinction"},
        PRESENTATION | {"id_student": 2, "final_result": "Withdrawn"},
        {"code_module": "BBB", "code_presentation": "2014B", "id_student": 1, "final_result": "Pass"},
    ],
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for table, rows in SMALL.items():
        pd.DataFrame(rows).to_parquet(tmp_path / f"{table}.parquet")
    return tmp_path


@pytest.fixture(scope="session")
def oulad(test_data: Path) -> Path:
    return test_data / "oulad"


def read(folder: Path, modules: Iterable[str] = (), zone: ZoneInfo = UTC_ZONE) -> Iterator[Event]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    return map(decode, open_oulad(folder, zone, list(modules)).events)


def without_id(event: Event) -> Event:
    return {name: value for name, value in event.items() if name != "id"}


def test_rows_become_events_in_the_order_in_which_they_can_have_happened(small: Path) -> None:
    of_one = {"userId": "1", "courseId": "AAA-2013J"}
    of_two = {"userId": "2", "courseId": "AAA-2013J"}

    def viewed(lesson: int, clicks: int, day: str) -> Event:
        seen = {"eventType": "lesson_viewed", "lessonIdx": lesson, "metadata": {"clicks": clicks}}
        return of_one | seen | {"createdAt": f"{day}T00:00:00Z"}

    def quiz(kind: str, who: Event, metadata: Event, day: str) -> Event:
        return who | {"eventType": kind, "metadata": metadata, "createdAt": f"{day}T00:00:00Z"}

    assert [without_id(event) for event in read(small, ["AAA"])] == [
        of_one | {"eventType": "enroll", "createdAt": "2013-09-26T00:00:00Z"},
        viewed(0, 1, "2013-09-28"),
        viewed(0, 1, "2013-09-28"),
        viewed(0, 2, "2013-09-28"),
        viewed(1, 1, "2013-10-01"),
        viewed(2, 4, "2013-10-01"),
        viewed(2, 1, "2013-11-01"),
        quiz("quiz_attempted", of_one, {"quizId": "11", "score": 40}, "2013-11-01"),
        quiz("quiz_passed", of_one, {"quizId": "11", "score": 40}, "2013-11-01"),
        quiz("quiz_attempted", of_one, {"quizId": "12"}, "2013-11-02"),
        quiz("quiz_attempted", of_two, {"quizId": "12", "score": 39}, "2013-11-02"),
        of_one | {"eventType": "complete", "createdAt": "2014-06-26T00:00:00Z"},
    ]


def test_all_modules_are_read_unless_some_are_named(small: Path) -> None:
    source = open_oulad(small, UTC_ZONE)
    assert source.total == len(list(source.events)) == 14
    assert {event["courseId"] for event in read(small, ["BBB"])} == {"BBB-2014B"}


def test_a_presentation_of_february_starts_on_its_first(small: Path) -> None:
    enrolled, completed = read(small, ["BBB"])
    assert enrolled["createdAt"] == "2014-02-04T00:00:00Z"
    assert completed["createdAt"] == "2014-09-29T00:00:00Z"


def test_a_day_starts_at_midnight_of_the_site(small: Path) -> None:
    enrolled = next(read(small, ["AAA"], ZoneInfo("Europe/London")))
    assert enrolled["createdAt"] == "2013-09-25T23:00:00Z"


def test_ids_are_uuids_of_the_row_and_of_its_ordinal_among_equal_ones(small: Path) -> None:
    ids = [event["id"] for event in read(small)]
    assert len(set(ids)) == len(ids)
    assert ids == [event["id"] for event in read(small)]
    names = [f"lesson_viewed/AAA-2013J/1/70/2013-09-28/1/{ordinal}" for ordinal in (0, 1)]
    assert {str(uuid5(NAMESPACE, name)) for name in names} <= set(ids)
    assert all(UUID(text).version == 5 and str(UUID(text)) == text for text in ids)


def test_a_row_keeps_its_id_whichever_modules_are_read(small: Path) -> None:
    everything = {event["id"]: event for event in read(small)}
    assert all(everything[event["id"]] == event for event in read(small, ["AAA"]))


def test_what_is_not_the_data_set_is_refused(small: Path) -> None:
    with pytest.raises(WrongSourceError, match="no module ZZZ; its modules are AAA, BBB"):
        open_oulad(small, UTC_ZONE, ["AAA", "ZZZ"])
    pd.DataFrame({"code_module": ["AAA"]}).to_parquet(small / "courses.parquet")
    with pytest.raises(WrongSourceError, match="is not the OULAD data set"):
        open_oulad(small, UTC_ZONE)
    (small / "courses.parquet").unlink()
    with pytest.raises(WrongSourceError, match=r"has no courses\.parquet"):
        open_oulad(small, UTC_ZONE)


def test_a_presentation_of_another_month_is_refused(small: Path) -> None:
    courses = pd.DataFrame(SMALL["courses"]).assign(code_presentation="2013K")
    courses.to_parquet(small / "courses.parquet")
    with pytest.raises(WrongSourceError, match="2013K is neither of February"):
        open_oulad(small, UTC_ZONE)


@pytest.fixture(scope="session")
def raw_counts(oulad: Path) -> Counter[str]:
    """Events of each kind that the raw files hold, counted without the mapping."""
    registrations = pd.read_parquet(oulad / "studentRegistration.parquet")
    submissions = pd.read_parquet(oulad / "studentAssessment.parquet").query("is_banked == 0")
    results = pd.read_parquet(oulad / "studentInfo_nodemographics.parquet")["final_result"]
    assert len(registrations) == 32_593
    assert submissions["score"].isna().sum() == 172
    return Counter(
        enroll=int(registrations["date_registration"].notna().sum()),
        complete=int(results.isin(["Pass", "Distinction"]).sum()),
        quiz_attempted=len(submissions),
        quiz_passed=int((submissions["score"] >= 40).sum()),
        lesson_viewed=len(pd.read_parquet(oulad / "studentVle.parquet", columns=["date"])),
    )


def test_the_whole_data_set_has_11_039_531_events(oulad: Path, raw_counts: Counter[str]) -> None:
    assert raw_counts == {
        "enroll": 32_548,
        "complete": 15_385,
        "quiz_attempted": 172_003,
        "quiz_passed": 164_315,
        "lesson_viewed": 10_655_280,
    }
    source = open_oulad(oulad, UTC_ZONE)
    assert source.total == raw_counts.total() == 11_039_531


def test_a_real_module_has_the_enrolments_completions_and_views_that_the_files_say(oulad: Path) -> None:
    events = list(read(oulad, ["AAA"]))
    counts = Counter((event["courseId"], event["eventType"]) for event in events)
    registrations = pd.read_parquet(oulad / "studentRegistration.parquet").dropna(subset="date_registration")
    results = pd.read_parquet(oulad / "studentInfo_nodemographics.parquet")
    for (module, presentation), rows in results.groupby(["code_module", "code_presentation"]):
        if module == "AAA":
            course = f"{module}-{presentation}"
            dated = registrations.query("code_module == @module and code_presentation == @presentation")
            assert counts[course, "enroll"] == len(dated)
            assert counts[course, "complete"] == rows["final_result"].isin(["Pass", "Distinction"]).sum()
    views = pd.read_parquet(oulad / "studentVle.parquet", filters=[("code_module", "==", "AAA")])
    per_course = views.groupby(views["code_module"] + "-" + views["code_presentation"]).size()
    assert per_course.to_dict() == {
        course: number for (course, kind), number in counts.items() if kind == "lesson_viewed"
    }
    assert counts["AAA-2013J", "lesson_viewed"] == 180_982
    assert len({event["id"] for event in events}) == len(events)
    assert all(earlier["createdAt"] <= later["createdAt"] for earlier, later in pairwise(events))


@pytest.mark.soak
def test_the_whole_data_set_is_read_by_day_with_an_id_of_its_own_for_each_event(
    oulad: Path, raw_counts: Counter[str]
) -> None:
    counts: Counter[str] = Counter()
    ids = set()
    day = b""
    for event in open_oulad(oulad, UTC_ZONE).events:
        counts[event[58 : event.index(b'"', 58)].decode()] += 1
        ids.add(bytes.fromhex(event[7:43].replace(b"-", b"").decode()))
        assert day <= event[-22:]
        day = event[-22:]
    assert counts == raw_counts
    assert len(ids) == counts.total()
