"""The list of courses: presets mean what custom ranges mean, orders tell nothing that is hidden."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.database import tables
from tests.admin.api import ask
from tests.admin.random_course import DAYS, OVER_DATABASE, RANGES, a_course, total, weeks
from tests.admin.rows import COMPLETE_THROUGH, a_revision, open_signal, publish

NAMES = ("algebra", "botany", "chemistry", "drawing")
Rows = dict[str, dict[str, list[dict[str, Any]]]]

TABLES = {
    "daily": tables.course_daily,
    "events": tables.event_day,
    "lessons": tables.lesson_daily,
    "cohorts": tables.lesson_cohort,
    "quizzes": tables.quiz_cohort,
    "funnels": tables.course_funnel,
    "orders": tables.course_refund,
}


@pytest.fixture
def site(pipeline: psycopg.Connection) -> Rows:
    """Four courses of which the last one is tiny."""
    random = Random(11)
    site = {name: a_course(name, random) for name in NAMES}
    for name, rows in site.items():
        if name == "drawing":
            rows["cohorts"], rows["funnels"] = rows["cohorts"][:1], []
        rows["funnels"] += [completion(row, random) for row in rows["funnels"]]
        rows["orders"] = [order(name, day, random) for day in DAYS[::3]] if name != "drawing" else []
    for kind, table in TABLES.items():
        publish(pipeline, table, *(row for rows in site.values() for row in rows[kind]))
    publish(pipeline, tables.signal, open_signal("low_course_completion", "chemistry"))
    return site


def completion(row: dict[str, Any], random: Random) -> dict[str, Any]:
    mature = random.randint(0, row["entered"])
    mature_step_2 = random.randint(0, mature)
    return row | {
        "funnel": "completion",
        "mature": mature,
        "mature_step_2": mature_step_2,
        "step_2": mature_step_2,
        "converted": mature_step_2,
        "step_3": None,
        "mature_step_3": None,
        "already_enrolled": None,
    }


def order(name: str, day: date, random: Random) -> dict[str, Any]:
    gross = random.randrange(1, 90)
    currency = random.choice(["EUR", "EUR", "USD", None])
    return {
        "course_id": name,
        "currency": currency,
        "cohort_day": day,
        "orders": 1,
        "gross": gross,
        "refunded": 0,
        "net": gross,
        "approximate": False,
    }


@pytest.mark.parametrize("length", [7, 30, 90])
@pytest.mark.parametrize("sort", ["attention", "learners", "completion", "revenue"])
def test_a_preset_lists_what_a_range_of_the_same_days_lists(
    client: httpx.Client, site: Rows, length: int, sort: str
) -> None:
    assert site
    first = COMPLETE_THROUGH - timedelta(days=length - 1)
    preset = ask(client, "courses", range=str(length), sort=sort)
    custom = ask(client, "courses", sort=sort, **{"from": first, "to": COMPLETE_THROUGH})
    assert preset == custom
    assert len(preset["courses"]) == len(NAMES)


@OVER_DATABASE
@given(days=RANGES)
def test_a_line_says_what_the_course_says_of_the_same_range(
    client: httpx.Client, site: Rows, days: list[date]
) -> None:
    asked = {"from": days[0], "to": days[1]}
    listed = ask(client, "courses", **asked)
    assert listed["provenance"]["events"]["counted"] == sum(
        total(rows["events"], "events", *days) for rows in site.values()
    )
    for line in listed["courses"]:
        overview = ask(client, f"course/{line['courseId']}", **asked)["overview"]
        for name in ("learners", "enrolled", "completionSoFar", "completionMature"):
            assert line[name] == overview[name], (line["courseId"], name)
        orders = site[line["courseId"]]["orders"]
        for money in line["revenue"]:
            own = [one for one in orders if one["currency"] == money["currency"]]
            assert money["orders"] == total(own, "orders", *weeks(*days)) >= 5
            assert float(money["net"]) == total(own, "net", *weeks(*days))


def test_courses_are_sorted_by_what_is_shown_and_every_page_continues_the_one_before(
    client: httpx.Client, site: Rows
) -> None:
    assert site

    def value(line: dict[str, Any], sort: str) -> float:
        if sort == "completion":
            share = line["completionMature"]["value"]
            return 2.0 if share is None else share
        if sort == "revenue":
            return -max((float(one["net"]) for one in line["revenue"] if one["currency"] == "EUR"), default=0)
        return -(line["learners"] or 0) if sort == "learners" else -line["openSignals"]

    for sort in ("attention", "learners", "completion", "revenue"):
        whole = ask(client, "courses", sort=sort)
        values = [value(line, sort) for line in whole["courses"]]
        assert values == sorted(values), sort
        assert whole["currency"] == ("EUR" if sort == "revenue" else None)
        assert [line["courseId"] for line in pages(client, sort)] == [
            line["courseId"] for line in whole["courses"]
        ]
    cursor = ask(client, "courses", limit=1)["nextCursor"]
    assert (
        client.get("/api/admin/analytics/courses", params={"sort": "learners", "cursor": cursor}).status_code
        == 422
    )


def pages(client: httpx.Client, sort: str) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = ask(client, "courses", sort=sort, limit=1, **cursor)
        yield from page["courses"]
        if page["nextCursor"] is None:
            return
        cursor = {"cursor": page["nextCursor"]}


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "from": st.sampled_from(DAYS),
        "to": st.sampled_from(DAYS),
        "sort": st.sampled_from(["attention", "learners", "completion", "revenue"]),
        "search": st.sampled_from(["", "a", "draw"]),
        "courseId": st.sampled_from(NAMES),
        "status": st.sampled_from(["open", "resolved", "all"]),
    },
)
ADDRESSES = st.sampled_from(
    [
        "courses",
        *(f"{kind}/{name}" for kind in ("course", "funnel") for name in NAMES),
        *(f"course/{name}/lesson/{lesson}" for name in NAMES for lesson in range(4)),
    ]
)


def rates(answer: Any) -> Iterator[dict[str, Any]]:
    """Every rate of an answer, wherever it stands."""
    if isinstance(answer, dict):
        if {"numerator", "denominator"} <= answer.keys():
            yield answer
        for value in answer.values():
            yield from rates(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from rates(value)


@OVER_DATABASE
@given(path=ADDRESSES, asked=FILTERS)
def test_no_filter_brings_a_rate_to_light_that_rests_on_few_learners(
    client: httpx.Client, site: Rows, path: str, asked: dict[str, Any]
) -> None:
    assert site
    answer = client.get(f"/api/admin/analytics/{path}", params=asked)
    if answer.status_code in (404, 422):
        return
    found = list(rates(answer.json()))
    assert found or path == "courses"
    for rate in found:
        numbers = [rate[name] for name in ("value", "numerator", "denominator", "low", "high")]
        if rate["hidden"]:
            assert numbers == [None] * 5
        else:
            assert rate["denominator"] == 0 or rate["denominator"] >= 5
            assert (rate["value"] is None) == (rate["denominator"] == 0)


def test_of_a_number_that_changed_small_counts_and_what_counts_no_learners_are_not_told(
    client: httpx.Client, pipeline: psycopg.Connection
) -> None:
    publish(
        pipeline,
        tables.metric_revision,
        a_revision("algebra"),
        a_revision("algebra", old_value="4", new_value="5"),
        a_revision("algebra", metric="views", old_value="39", new_value="40"),
        a_revision("botany", metric="viewers", old_value=None, new_value="40", table_name="lesson_daily"),
    )
    lines = ask(client, "revisions", courseId="algebra")["revisions"]
    assert [(one["metric"], one["oldValue"], one["newValue"], one["hidden"]) for one in lines] == [
        ("views", None, None, True),
        ("learners", None, "5", True),
        ("learners", "39", "40", False),
    ]
    assert lines[0]["key"] == {"day": "2026-03-01"}
    (other,) = ask(client, "revisions", table="lesson_daily")["revisions"]
    assert (other["courseId"], other["oldValue"], other["newValue"]) == ("botany", None, "40")
    page = ask(client, "revisions", limit=3)
    following = ask(client, "revisions", limit=3, cursor=page["nextCursor"])
    assert (len(page["revisions"]), len(following["revisions"]), following["nextCursor"]) == (3, 1, None)
    assert ask(client, "revisions", **{"from": "2026-04-02"})["revisions"] == []


def test_an_answer_is_kept_until_the_next_publication(
    client: httpx.Client, pipeline: psycopg.Connection
) -> None:
    day = {"course_id": "algebra", "day": date(2026, 3, 1), "learners": 40}
    publish(pipeline, tables.course_daily, day | {"views": 9})
    address = "/api/admin/analytics/course/algebra"
    answer = client.get(address)
    pipeline.execute("UPDATE analytics.course_daily SET views = 10")
    assert client.get(address).content == answer.content
    publish(pipeline, tables.course_daily, day | {"day": date(2026, 3, 2), "views": 1})
    again = client.get(
        "/api/admin/analytics/course/algebra", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 200
    assert again.json()["overview"]["activity"]["views"] == 11
