"""A person with a browser: signs in, sees numbers and charts, and the browser talks to nobody else."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, sync_playwright

from analytics_pipeline.database import tables
from tests.admin.conftest import Token
from tests.admin.rows import course_day, open_signal, publish
from tests.admin.test_serve import environment, free_port, running, wait_for
from tests.conftest import Database

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LAST = date(2026, 3, 31)


@pytest.fixture
def site(database: Database, pipeline: psycopg.Connection, tmp_path: Path) -> Iterator[str]:
    """A running service with a course in it."""
    days = [LAST - timedelta(days=offset) for offset in range(60)]
    publish(pipeline, tables.course_daily, *(course_day("algebra", day, 30, views=100) for day in days))
    publish(
        pipeline,
        tables.lesson_cohort,
        *(
            {
                "course_id": "algebra",
                "lesson_idx": idx,
                "cohort_day": LAST,
                "viewers": 100,
                "stopped": stopped,
            }
            | {"finished": 70 if idx == 3 else 0}
            for idx, stopped in enumerate((3, 1, 40, 2))
        ),
    )
    publish(pipeline, tables.signal, open_signal("high_drop_off_lesson", "algebra", lesson_idx=2))
    port = free_port()
    with running(environment(database.settings, ADMIN_PORT=port), tmp_path):
        wait_for(f"http://127.0.0.1:{port}/readyz", 200)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def chromium(require_tool: Callable[[str], str]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require_tool("chromium"), args=FLAGS)
        yield browser.new_page()
        browser.close()


def test_a_person_signs_in_and_sees_where_learners_stop(chromium: Page, site: str, token: Token) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    chromium.on("request", lambda request: asked.append(request.url))
    chromium.on("console", lambda message: complaints.append(message.text))
    chromium.on("pageerror", lambda error: complaints.append(str(error)))
    chromium.goto(f"{site}/course/algebra?range=all")
    assert chromium.title() == "Sign in · Learner analytics"
    chromium.get_by_label("Token").fill(token.secret)
    chromium.get_by_role("button", name="Sign in").click()
    chromium.wait_for_url(f"{site}/course/algebra?range=all")
    assert chromium.get_by_text("40 of 112 learners (36 %)").is_visible()
    for label in ("Learners who reach each lesson", "Learners and lesson views per day"):
        chart = chromium.get_by_role("img", name=label).filter(visible=True)
        assert chart.count() == 1
        box = chart.bounding_box()
        assert box is not None
        assert box["width"] > 500
    chromium.get_by_text("The numbers as a table").first.click()
    assert chromium.get_by_role("columnheader", name="95 % interval").is_visible()
    chromium.get_by_role("link", name="7 days").click()
    assert chromium.get_by_text("Activity on 25 Mar 2026").is_visible()
    chromium.set_viewport_size({"width": 360, "height": 700})
    assert chromium.evaluate("document.documentElement.scrollWidth") == 360
    chromium.get_by_role("button", name="Sign out").click()
    chromium.goto(f"{site}/course/algebra")
    assert chromium.title() == "Sign in · Learner analytics"
    assert {url.split("/")[2] for url in asked} == {site.removeprefix("http://")}
    assert complaints == []


def test_text_and_charts_stand_out_in_light_and_in_dark(chromium: Page, site: str, token: Token) -> None:
    chromium.goto(f"{site}/course/algebra?range=all")
    chromium.get_by_label("Token").fill(token.secret)
    chromium.get_by_role("button", name="Sign in").click()
    for scheme in (None, "dark"):
        chromium.emulate_media(color_scheme="dark" if scheme else "light")
        colours = chromium.evaluate(
            """() => [['html', 'backgroundColor'], ['.chart.wide text', 'fill'], ['.lead', 'color']]
                .map(([which, what]) => getComputedStyle(document.querySelector(which))[what])"""
        )
        paper, *texts = (_luminance(colour) for colour in colours)
        for text in texts:
            assert (max(text, paper) + 0.05) / (min(text, paper) + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    """The relative luminance of `rgb(r, g, b)`, as WCAG defines it."""
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
