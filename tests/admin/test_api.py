"""The API's numbers are the sums of the published rows, whatever range is asked."""

from datetime import date
from random import Random
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.database import tables
from tests.admin.api import API, ask
from tests.admin.random_course import ACTIVITY, DAYS, FIRST, OVER_DATABASE, RANGES, a_course, total, weeks
from tests.admin.rows import AS_OF, COMPLETE_THROUGH, RUN_ID, open_signal, publish
from tests.conftest import Database


def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


@pytest.fixture
def published(pipeline: psycopg.Connection) -> dict[str, list[dict[str, Any]]]:
    rows = a_course("algebra", Random(7))
    other = a_course("botany/2026", Random(8))
    publish(pipeline, tables.course_daily, *rows["daily"], *other["daily"])
    publish(pipeline, tables.event_day, *rows["events"], *other["events"])
    publish(pipeline, tables.lesson_daily, *rows["lessons"], *other["lessons"])
    publish(pipeline, tables.lesson_cohort, *rows["cohorts"], *other["cohorts"])
    publish(pipeline, tables.quiz_cohort, *rows["quizzes"], *other["quizzes"])
    publish(pipeline, tables.course_funnel, *rows["funnels"], *other["funnels"])
    return rows


def assert_rate(rate: dict[str, Any], numerator: int, denominator: int) -> None:
    if 0 < denominator < 5:
        assert rate == {"hidden": True} | dict.fromkeys(("value", "numerator", "denominator", "low", "high"))
        return
    assert (rate["numerator"], rate["denominator"], rate["hidden"]) == (numerator, denominator, False)
    assert rate["value"] == (pytest.approx(numerator / denominator) if denominator else None)


@OVER_DATABASE
@given(days=RANGES)
def test_activity_is_the_sum_of_the_days_of_any_range(
    client: httpx.Client, published: dict[str, list[dict[str, Any]]], days: list[date]
) -> None:
    first, last = days
    answer = ask(client, "course/algebra", **{"from": first, "to": last})
    assert answer["range"]["days"] == {"from": str(first), "to": str(last)}
    learner_days = total(published["daily"], "learners", first, last)
    for name in ACTIVITY:
        expected = None if 0 < learner_days < 5 else total(published["daily"], name, first, last)
        assert answer["overview"]["activity"][camel(name)] == expected
    assert answer["provenance"]["events"]["counted"] == total(published["events"], "events", first, last)
    assert answer["provenance"]["events"]["rejected"] == total(published["events"], "rejected", first, last)


@OVER_DATABASE
@given(days=RANGES)
def test_every_day_of_a_range_is_answered_and_a_day_of_few_learners_is_hidden(
    client: httpx.Client, published: dict[str, list[dict[str, Any]]], days: list[date]
) -> None:
    first, last = days
    answer = ask(client, "course/algebra", **{"from": first, "to": last})
    rows = {str(row["day"]): row for row in published["daily"]}
    assert [one["day"] for one in answer["daily"]] == [str(day) for day in DAYS if first <= day <= last]
    for one in answer["daily"]:
        row = rows.get(one["day"], {})
        assert one["hidden"] == (0 < row.get("learners", 0) < 5)
        for name in ("learners", "enrolments", "completions", *ACTIVITY):
            assert one[camel(name)] == (None if one["hidden"] else row.get(name, 0))


@OVER_DATABASE
@given(days=RANGES)
def test_rates_of_persons_are_those_of_the_whole_weeks_and_none_rests_on_few_learners(
    client: httpx.Client, published: dict[str, list[dict[str, Any]]], days: list[date]
) -> None:
    answer = ask(client, "course/algebra", **{"from": days[0], "to": days[1]})
    first, last = weeks(*days)
    assert answer["range"]["cohortDays"] == {"from": str(first), "to": str(last)}
    cohorts = published["cohorts"]
    for one in answer["lessons"]:
        idx = one["lessonIdx"]
        further = range(idx, 4)
        here = [
            total(cohorts, name, first, last, lesson_idx=idx) for name in ("stopped", "active", "viewers")
        ]
        reach = sum(
            total(cohorts, name, first, last, lesson_idx=lesson)
            for name in ("stopped", "active", "finished")
            for lesson in further
        )
        assert one["reach"] == (None if 0 < reach < 5 else reach)
        assert_rate(one["drop"], here[0], reach - here[1])
        assert_rate(one["completion"], total(cohorts, "completers", first, last, lesson_idx=idx), here[2])
    assert [one["lessonIdx"] for one in answer["lessons"]] == [0, 1, 2, 3]
    (quiz,) = answer["quizzes"]
    attempters = total(published["quizzes"], "attempters", first, last)
    assert_rate(
        quiz["firstAttempt"], total(published["quizzes"], "first_attempt_passers", first, last), attempters
    )
    assert_rate(
        quiz["bestAttempt"], total(published["quizzes"], "best_attempt_passers", first, last), attempters
    )


@OVER_DATABASE
@given(days=RANGES)
def test_funnels_are_sums_over_whole_weeks_and_entrants_are_converted_open_or_dropped(
    client: httpx.Client, published: dict[str, list[dict[str, Any]]], days: list[date]
) -> None:
    answer = ask(client, "funnel/algebra", **{"from": days[0], "to": days[1]})
    first, last = weeks(*days)
    discovery, completion, purchase = answer["funnels"]
    rows = published["funnels"]
    entered, mature = total(rows, "entered", first, last), total(rows, "mature", first, last)
    assert discovery["hidden"] == (0 < entered < 5)
    for step, column in zip(discovery["steps"], ("step_2", "step_3"), strict=True):
        assert_rate(step["soFar"], total(rows, column, first, last), entered)
        assert_rate(step["mature"], total(rows, f"mature_{column}", first, last), mature)
    if not discovery["hidden"]:
        assert discovery["entered"] == entered
        assert entered == discovery["converted"] + discovery["open"] + discovery["dropped"]
    for empty in (completion, purchase):
        assert (empty["entered"], empty["steps"][0]["soFar"]["value"]) == (0, None)


def test_an_answer_says_what_keeps_old_numbers_in_it(client: httpx.Client, database: Database) -> None:
    failed = [("2026-03-02", None), ("2026-01-01", None), (None, "algebra"), (None, "another"), (None, None)]
    with database.connect("pipeline") as connection:
        publish(connection, tables.course_daily, {"course_id": "algebra", "day": date(2026, 3, 2)})
        for day, course in failed:
            connection.execute(
                "INSERT INTO analytics.publication_failure (day, course_id, message, run_id, failed_at)"
                " VALUES (%s, %s, 'Not published.', 'a-run', '2026-03-03T02:00:00Z')",
                [day, course],
            )
    answer = client.get("/api/admin/analytics/course/algebra").json()
    failures = answer["provenance"]["failures"]
    assert [(each["day"], each["courseId"]) for each in failures] == [
        ("2026-03-02", None),
        (None, "algebra"),
        (None, None),
    ]
    assert failures[0] == {
        "day": "2026-03-02",
        "courseId": None,
        "message": "Not published.",
        "runId": "a-run",
        "failedAt": "2026-03-03T02:00:00Z",
    }
    assert len(client.get("/api/admin/analytics/courses").json()["provenance"]["failures"]) == len(failed)


def test_without_a_range_all_published_days_are_answered_with_their_provenance(
    client: httpx.Client, published: dict[str, list[dict[str, Any]]]
) -> None:
    answer = ask(client, "course/algebra")
    assert answer["range"]["days"] == {"from": str(DAYS[0]), "to": str(DAYS[-1])}
    provenance = answer["provenance"]
    assert provenance["asOf"] == AS_OF.isoformat().replace("+00:00", "Z")
    assert provenance["completeThrough"] == str(COMPLETE_THROUGH)
    assert provenance["runId"] == RUN_ID
    assert [day["day"] for day in answer["daily"] if day["provisional"]] == ["2026-04-01", "2026-04-02"]
    assert len(published["daily"]) < len(answer["daily"])


@OVER_DATABASE
@given(days=RANGES, lesson=st.integers(0, 3))
def test_a_lesson_is_answered_as_in_its_course_and_day_by_day(
    client: httpx.Client, published: dict[str, list[dict[str, Any]]], days: list[date], lesson: int
) -> None:
    asked = {"from": days[0], "to": days[1]}
    answer = ask(client, f"course/algebra/lesson/{lesson}", **asked)
    course = ask(client, "course/algebra", **asked)
    assert answer["lesson"] == course["lessons"][lesson]
    rows = {str(row["day"]): row for row in published["lessons"] if row["lesson_idx"] == lesson}
    for one in answer["daily"]:
        viewers = rows.get(one["day"], {}).get("viewers", 0)
        assert one["hidden"] == (0 < viewers < 5)
        assert one["viewers"] == (None if one["hidden"] else viewers)
        assert one["medianMs"] is None
    learner_days = total(published["lessons"], "viewers", *days, lesson_idx=lesson)
    views = total(published["lessons"], "views", *days, lesson_idx=lesson)
    assert answer["viewsByHour"] == (None if 0 < learner_days < 5 else [0] * 20 + [views] + [0] * 4)
    assert answer["quizzes"] == (course["quizzes"] if lesson == 3 else [])


def test_time_over_a_range_comes_from_the_summed_histograms(
    client: httpx.Client, published: dict[str, list[dict[str, Any]]]
) -> None:
    answer = ask(client, "course/algebra")
    for lesson in answer["lessons"]:
        measured = total(published["lessons"], "viewers", DAYS[0], DAYS[-1], lesson_idx=lesson["lessonIdx"])
        assert lesson["time"]["coverage"]["denominator"] == measured
        assert lesson["time"]["meanMs"] == 60_000
        assert lesson["time"]["medianMs"] == lesson["time"]["p90Ms"]


@pytest.mark.usefixtures("published")
def test_a_course_whose_id_holds_a_slash_is_found(client: httpx.Client) -> None:
    assert ask(client, "course/botany%2F2026")["courseId"] == "botany/2026"
    assert ask(client, "funnel/botany/2026")["courseId"] == "botany/2026"


@pytest.mark.usefixtures("published")
def test_a_range_beside_the_course_is_answered_with_nothing_in_it(client: httpx.Client) -> None:
    answer = ask(client, "course/algebra", **{"from": "2020-01-01", "to": "2020-02-01"})
    assert answer["range"] == {"days": None, "cohortDays": None}
    assert (answer["daily"], answer["lessons"], answer["quizzes"]) == ([], [], [])
    assert answer["overview"]["completionSoFar"]["value"] is None
    assert answer["provenance"]["events"]["counted"] == 0


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("course/nothing", 404, "No event of the course nothing has been published."),
        ("course/nul%00", 404, "has been published."),
        ("course/%ED%A0%80", 404, "has been published."),
        ("course/algebra/lesson/9", 404, "No event of lesson 9 of the course algebra has been published."),
        ("course/nothing/lesson/1", 404, "No event of the course nothing has been published."),
        ("course/algebra/lesson/100001", 422, "The parameter lesson_idx cannot be used"),
        ("elsewhere", 404, "nothing at this address"),
        ("course/algebra?from=soon", 422, "The parameter from cannot be used"),
        ("course/algebra?from=0001-01-01", 422, "The parameter from cannot be used"),
        ("course/algebra?from=2026-02-01&to=2026-01-01", 422, "ends (2026-01-01) before it begins"),
        ("courses?limit=0", 422, "The parameter limit cannot be used"),
        ("courses?cursor=WyJ4Il0", 422, "begin without one"),
        ("courses?cursor=é", 422, "begin without one"),
        ("signals?status=lost", 422, "The parameter status cannot be used"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document_with_a_sentence(
    client: httpx.Client, path: str, status: int, detail: str
) -> None:
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert detail in problem["detail"]


def test_courses_with_open_signals_come_first_and_pages_hold_each_course_once(
    client: httpx.Client, pipeline: psycopg.Connection
) -> None:
    names = [f"course-{number:02}" for number in range(12)]
    publish(
        pipeline,
        tables.course_daily,
        *({"course_id": name, "day": FIRST, "learners": 9} for name in names),
    )
    publish(
        pipeline,
        tables.lesson_cohort,
        *(
            {"course_id": name, "lesson_idx": 0, "cohort_day": FIRST, "stopped": learners}
            for learners, name in enumerate(names)
        ),
    )
    publish(
        pipeline,
        tables.signal,
        open_signal("low_course_completion", "course-03"),
        open_signal("low_course_completion", "course-07"),
        open_signal("high_drop_off_lesson", "course-07", lesson_idx=0),
        open_signal("low_course_completion", "course-11", resolved_at=date(2026, 3, 30)),
    )
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(client, "courses", limit=5, **cursor)
        seen += [course["courseId"] for course in page["courses"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    # Those with fewer than five learners are ordered by name: their order must not tell their numbers.
    shown = ["course-11", "course-10", "course-09", "course-08", "course-06", "course-05"]
    assert seen == ["course-07", "course-03", *shown, "course-00", "course-01", "course-02", "course-04"]
    assert page["total"] == 12
    assert [one["courseId"] for one in ask(client, "courses", search="-1")["courses"]] == [
        "course-11",
        "course-10",
    ]
    assert ask(client, "courses", search="%")["courses"] == []
    small = {one["courseId"]: one for one in ask(client, "courses")["courses"]}["course-03"]
    assert small["learners"] is None


def test_signals_are_filtered_by_state_course_rule_and_life(
    client: httpx.Client, pipeline: psycopg.Connection
) -> None:
    publish(
        pipeline,
        tables.signal,
        open_signal("low_quiz_pass_rate", "algebra", quiz_id="final", opened_at=date(2026, 3, 1)),
        open_signal("high_drop_off_lesson", "algebra", lesson_idx=2, severity="critical"),
        open_signal("low_course_completion", "botany", resolved_at=date(2026, 3, 25)),
    )

    def rules(**parameters: Any) -> list[str]:
        return [one["rule"] for one in ask(client, "signals", **parameters)["signals"]]

    assert rules() == ["high_drop_off_lesson", "low_quiz_pass_rate"]
    assert rules(status="resolved") == ["low_course_completion"]
    assert rules(status="all", courseId="botany") == ["low_course_completion"]
    assert rules(rule="low_quiz_pass_rate") == ["low_quiz_pass_rate"]
    assert rules(to="2026-03-10") == ["low_quiz_pass_rate"]
    assert rules(status="all", **{"from": "2026-03-26"}) == ["high_drop_off_lesson", "low_quiz_pass_rate"]
    page = ask(client, "signals", limit=1)
    assert (
        page["signals"][0]["summary"]
        == "40 % of learners stop at lesson 2 (40 of 100; 95 % interval 31 % to 50 %); the limit is 30 %."
    )
    following = ask(client, "signals", limit=1, cursor=page["nextCursor"])
    assert ([one["rule"] for one in following["signals"]], following["nextCursor"]) == (
        ["low_quiz_pass_rate"],
        None,
    )


def test_every_published_table_and_column_has_a_definition(client: httpx.Client) -> None:
    definitions = ask(client, "definitions")["definitions"]
    assert {"lesson_cohort", "course_daily", "course_funnel"} <= {one["name"] for one in definitions}
    for one in definitions:
        assert one["definition"]
        assert all(column["meaning"] for column in one["columns"])


@pytest.mark.usefixtures("published")
def test_an_unchanged_answer_is_not_sent_again(client: httpx.Client) -> None:
    answer = client.get(f"{API}/course/algebra")
    again = client.get(f"{API}/course/algebra", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert answer.headers["cache-control"] == "private, no-cache"
