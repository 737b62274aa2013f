"""`python -m sensors.launch --from DAY --to DAY`: runs a range of days now, without the queue."""

import argparse
import json
import os
import sys
import warnings
from datetime import UTC, date, datetime

import dagster as dg

from analytics_pipeline.dagster_home import dagster_environment
from analytics_pipeline.database.urls import DatabaseNotReadyError
from analytics_pipeline.days import DayRange
from analytics_pipeline.settings import Settings, WrongSettingError, load_settings
from sensors.execution import NoSuchDayError, Outcome, check_days, execute

SUCCESS, FAILED, WRONG_USAGE, SKIPPED = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Run the days, say how it ended, and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        days = DayRange(options.first, options.last)
        check_days(days, settings, datetime.now(UTC))
        _find_instance(settings)
    except (WrongSettingError, NoSuchDayError, DatabaseNotReadyError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USAGE
    # Dagster calls backfill policies beta whenever assets are defined; nobody who runs a day need read that.
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    outcome = execute(days, wait=options.wait)
    _say(outcome, as_json=options.json)
    if outcome.skipped:
        return SKIPPED
    return SUCCESS if outcome.success else FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sensors.launch",
        description="Seal and publish the days of a range, as one run that shows in the Dagster UI.",
        epilog="Exit codes: 0 all days went through, 1 failed, 2 nothing was started, 3 skipped.",
    )
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DAY", required=True)
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DAY", required=True)
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="wait for a run that works now, or skip this one",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as one line of JSON")
    return parser


def _find_instance(settings: Settings) -> None:
    """Lead this process to the instance of these settings, unless it was told of another."""
    if "DAGSTER_HOME" not in os.environ:
        os.environ.update(dagster_environment(settings))


def _say(outcome: Outcome, *, as_json: bool) -> None:
    """The outcome on standard output; the way there went to standard error."""
    seconds = outcome.duration_ms / 1000
    if as_json:
        sys.stdout.write(json.dumps(_as_json(outcome)) + "\n")
    elif outcome.skipped:
        sys.stdout.write(f"Skipped, {outcome.skipped}; run it again later, or ask to wait (--wait).\n")
    elif outcome.success:
        sys.stdout.write(f"Ran {outcome.partitions} in {seconds:.1f} s (run {outcome.run_id}).\n")
    else:
        sys.stdout.write(f"Run {outcome.run_id} of {outcome.partitions} failed after {seconds:.1f} s.\n")
        sys.stdout.write(f"{outcome.error}\n")


def _as_json(outcome: Outcome) -> dict[str, object]:
    if outcome.skipped:
        return {"skipped": True, "reason": outcome.skipped}
    answer: dict[str, object] = {
        "success": outcome.success,
        "durationMs": outcome.duration_ms,
        "runId": outcome.run_id,
        "partitions": outcome.partitions,
    }
    return answer | ({"error": outcome.error} if outcome.error else {})


if __name__ == "__main__":
    sys.exit(main())
