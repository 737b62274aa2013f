"""How days and their failures are put into words and tables."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics_pipeline.database.checks import Check
from analytics_pipeline.markdown import markdown_table
from analytics_pipeline.metrics.cohort_checks import COHORT_CHECKS
from analytics_pipeline.metrics.daily_checks import DAILY_CHECKS
from analytics_pipeline.metrics.models import COHORT, DAILY
from analytics_pipeline.settings import Settings
from assets.checks import checked_asset
from assets.days import describe_failures, window
from assets.due_days import old_days

DAY = date(2026, 3, 29)


def test_one_failed_day_is_named_with_its_reason() -> None:
    assert describe_failures({DAY: "the file is torn."}, 1) == (
        "1 of 1 day failed: 2026-03-29: the file is torn."
    )


def test_a_reason_that_begins_with_the_day_is_not_prefixed_with_it() -> None:
    described = describe_failures({DAY: "2026-03-29 was pruned."}, 3)
    assert described == "1 of 3 days failed (the other 2 went through): 2026-03-29 was pruned."


def test_of_many_failed_days_the_first_ones_are_named() -> None:
    failures = {DAY + timedelta(days=number): "no disk" for number in range(14)}
    described = describe_failures(failures, 14)
    assert described.startswith("14 of 14 days failed: 2026-03-29: no disk; 2026-03-30")
    assert described.endswith("2026-04-07: no disk; and 4 more.")


def test_the_window_of_a_day_is_half_open_on_the_clocks_of_the_site() -> None:
    settings = Settings(timezone="Europe/Paris")
    assert settings.zone == ZoneInfo("Europe/Paris")
    assert window(DAY, settings) == "2026-03-29T00:00+01:00 to 2026-03-30T00:00+02:00"


def test_a_due_day_is_old_when_it_ended_more_than_a_day_ago() -> None:
    due = [DAY - timedelta(days=back) for back in (3, 2, 1)]
    assert old_days(due, today=DAY) == [DAY - timedelta(days=3), DAY - timedelta(days=2)]


@pytest.mark.parametrize("check", [*DAILY_CHECKS, *COHORT_CHECKS], ids=lambda check: check.name)
def test_every_check_of_a_publication_belongs_to_a_table_that_it_reads(check: Check) -> None:
    models = DAILY if check in DAILY_CHECKS else COHORT
    assert checked_asset(check, models) in {model.name for model in models}


def test_a_cell_with_a_bar_or_a_line_break_stays_one_cell() -> None:
    table = markdown_table(["a", "b"], [("x|y", None), ("1\n2", 3)])
    assert table.splitlines()[2:] == ["| x\\|y |  |", "| 1 2 | 3 |"]
