"""The browser emitter in a real browser: every event ends exactly once in a sealed day file."""

import gzip
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route

from analytics_pipeline.ingest import app
from tests.emitter.conftest import Site, queued
from tests.waiting import wait_until

EVENTS = "**/api/analytics/event*"
CORS = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after"}


def emit(page: Page, lessons: range) -> None:
    page.evaluate(
        "([first, last]) => { for (let i = first; i < last; i++) emitter.lessonCompleted(i); }",
        [lessons.start, lessons.stop],
    )


def assert_each_once(site: Site, lessons: range, copies: int = 1) -> None:
    events = site.sealed()
    assert all(times == 1 for times in Counter(event_id for event_id, _, _ in events).values())
    seen = Counter(event["lesson_idx"] for _, kind, event in events if kind == "lesson_completed")
    assert seen == Counter(dict.fromkeys(lessons, copies))


def empties(page: Page) -> Callable[[], bool]:
    return lambda: not queued(page)


def test_events_of_a_page_arrive_and_leave_the_queue(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    emit(page, range(45))
    wait_until(empties(page), 20)
    assert_each_once(site, range(45))


def test_a_tab_that_closes_mid_queue_loses_nothing(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    emit(page, range(7))
    page.close(run_before_unload=True)
    with site.database.connect("pipeline") as connection:
        counted = "SELECT coalesce(sum(events), 0) FROM ingest.inbox"
        wait_until(lambda: (connection.execute(counted).fetchone() or [0])[0] >= 7, 20)
    assert_each_once(site, range(7))


def test_events_made_offline_arrive_when_the_network_is_back(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    context.set_offline(True)
    emit(page, range(5))
    page.wait_for_timeout(2500)
    assert len(queued(page)) == 5
    context.set_offline(False)
    wait_until(empties(page), 20)
    assert_each_once(site, range(5))


def test_a_server_that_fails_and_recovers_gets_every_event_once(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    failures = iter([500, 503, 502])

    def fail_first(route: Route) -> None:
        status = next(failures, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, headers=CORS)

    context.route(EVENTS, fail_first)
    emit(page, range(5))
    wait_until(empties(page), 30)
    assert_each_once(site, range(5))


def test_an_answer_that_was_lost_after_the_commit_does_not_double_its_events(
    site: Site, context: BrowserContext
) -> None:
    page = site.open(context)
    answers = iter(["lost"])

    def lose_the_first_answer(route: Route) -> None:
        response = route.fetch()
        if next(answers, None):
            assert response.status == 202
            route.abort()
        else:
            route.fulfill(response=response)

    context.route(EVENTS, lose_the_first_answer)
    emit(page, range(5))
    wait_until(empties(page), 20)
    assert_each_once(site, range(5))


def test_429_is_honoured_for_as_long_as_the_server_says(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    asked: list[float] = []

    def slow_down_once(route: Route) -> None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            route.fulfill(status=429, headers={**CORS, "retry-after": "3"})
        else:
            route.continue_()

    context.route(EVENTS, slow_down_once)
    emit(page, range(5))
    wait_until(empties(page), 20)
    assert asked[1] - asked[0] >= 3
    assert_each_once(site, range(5))


def test_seventy_kilobytes_in_the_queue_survive_the_end_of_the_page(
    site: Site, context: BrowserContext
) -> None:
    page = site.open(context)
    context.route(EVENTS, lambda route: route.fulfill(status=503, headers=CORS))
    emit(page, range(400))
    size = page.evaluate("() => Object.values(localStorage).join().length")
    assert size > 70_000
    context.unroute(EVENTS)
    bodies: list[int] = []
    context.on("request", lambda request: bodies.append(_size(request)))
    page.close(run_before_unload=True)
    page = site.open(context)
    wait_until(empties(page), 60)
    assert max(bodies) <= 60 * 1024
    assert_each_once(site, range(400))


def _size(request: Request) -> int:
    return len(request.post_data_buffer or b"")


def test_two_tabs_share_a_queue_without_losing_or_doubling(site: Site, context: BrowserContext) -> None:
    pages = [site.open(context), site.open(context)]
    for start in range(0, 60, 15):
        for page in pages:
            emit(page, range(start, start + 15))
    wait_until(empties(pages[0]), 20)
    assert_each_once(site, range(60), copies=2)


def test_a_reload_mid_queue_loses_nothing(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    emit(page, range(9))
    page.reload()
    page.wait_for_function("window.emitter !== undefined")
    wait_until(empties(page), 20)
    assert_each_once(site, range(9))


def test_an_hour_of_sleep_is_no_time_in_a_lesson_and_no_time_of_an_event(
    site: Site, context: BrowserContext
) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(site.page_url)
    page.wait_for_function("window.emitter !== undefined")
    page.evaluate("() => emitter.lessonViewed(3)")
    page.clock.run_for(5_000)
    page.clock.fast_forward("01:00:00")
    page.clock.run_for(5_000)
    page.evaluate("() => emitter.lessonViewed(4)")
    for _ in range(60):
        page.clock.run_for(1_000)
        if not queued(page):
            break
    events = site.sealed()
    # On a slow machine lesson 4 is open long enough to report a time of its own.
    times = [event for _, kind, event in events if kind == "lesson_time" and event["lesson_idx"] == 3]
    assert len(times) == 1
    active = int(times[0]["metadata"].partition(":")[2].strip("} "))
    assert 5_000 <= active <= 15_000
    # The page's clock runs an hour ahead of the server's: `sentAt` tells, and the difference is taken off.
    latest = max(event["occurred_at"] for _, _, event in events)
    assert abs(latest - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_lesson_viewed_twice_within_a_second_is_one_event(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    page.evaluate("() => { emitter.lessonViewed(1); emitter.lessonViewed(1); emitter.lessonViewed(2); }")
    page.wait_for_timeout(1100)
    page.evaluate("() => emitter.lessonViewed(2)")
    wait_until(empties(page), 20)
    views = Counter(event["lesson_idx"] for _, kind, event in site.sealed() if kind == "lesson_viewed")
    assert views == {1: 1, 2: 2}


def test_time_in_a_lesson_is_reported_when_the_learner_goes_on(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    page.evaluate("() => emitter.lessonViewed(1)")
    page.wait_for_timeout(1500)
    page.evaluate("() => emitter.lessonViewed(2)")
    wait_until(empties(page), 20)
    times = [event for _, kind, event in site.sealed() if kind == "lesson_time"]
    assert [event["lesson_idx"] for event in times] == [1]


def test_an_event_that_the_server_rejects_is_given_up_and_blocks_no_other(
    site: Site, context: BrowserContext
) -> None:
    page = site.open(context)
    page.evaluate("() => { emitter.lessonCompleted(-1); emitter.lessonCompleted(6); }")
    wait_until(empties(page), 20)
    assert_each_once(site, range(6, 7))


def test_nothing_is_collected_where_the_browser_asks_for_privacy(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
    )
    page = site.open(context)
    emit(page, range(3))
    assert queued(page) == []
    context.close()


def test_opting_out_clears_the_queue_and_lasts(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    context.set_offline(True)
    emit(page, range(3))
    page.evaluate("() => emitter.optOut()")
    assert queued(page) == []
    context.set_offline(False)
    page.reload()
    page.wait_for_function("window.emitter !== undefined")
    emit(page, range(3))
    assert queued(page) == []


def test_a_full_queue_gives_up_its_oldest_events_and_counts_them(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    context.route(EVENTS, lambda route: route.fulfill(status=503, headers=CORS))
    emit(page, range(2500))
    assert len(queued(page)) == 2000
    assert page.evaluate("() => emitter.dropped()") == 500


def test_without_local_storage_events_still_arrive(site: Site, context: BrowserContext) -> None:
    context.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error() }})")
    page = site.open(context)
    emit(page, range(25))
    with site.database.connect("pipeline") as connection:
        counted = "SELECT coalesce(sum(events), 0) FROM ingest.inbox"
        wait_until(lambda: (connection.execute(counted).fetchone() or [0])[0] >= 25, 20)
    assert_each_once(site, range(25))


def test_an_event_costs_the_page_less_than_a_millisecond(site: Site, context: BrowserContext) -> None:
    page = site.open(context)
    median = page.evaluate(
        """() => {
            const costs = [];
            for (let i = 0; i < 200; i++) {
              const begun = performance.now();
              emitter.lessonCompleted(i);
              costs.push(performance.now() - begun);
            }
            return costs.sort((a, b) => a - b)[100];
        }"""
    )
    assert median < 1


def test_the_emitter_weighs_at_most_three_kilobytes() -> None:
    assert len(gzip.compress(app.EMITTER.read_bytes(), 9)) <= 3072


def test_the_types_of_the_emitter_hold(require_tool: Callable[[str], str]) -> None:
    options = "--allowJs --checkJs --noEmit --strict --target es2021 --module esnext"
    libraries = "--lib es2021,dom,dom.iterable"
    command = [require_tool("tsc"), *options.split(), *libraries.split(), str(app.EMITTER)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.fixture(autouse=True)
def _no_errors_in_the_page(context: BrowserContext) -> None:
    context.on("weberror", lambda error: pytest.fail(f"the page met an error: {error.error}"))
