"""A pandas pipeline as a tutorial writes it: a function for each table, a day that fits into memory.

The daily tables, and lesson_cohort of the cohort tables.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analytics_pipeline.metrics.times import time_buckets
from bench.days import DAY
from bench.measuring import Recorder

LESSON = ["course_id", "lesson_idx"]
LEARNER = ["course_id", "learner_id"]
AS_OF = pd.Timestamp(DAY + timedelta(days=1), tz="UTC")


def read_events(path: Path) -> pd.DataFrame:
    """The events of the file, each id once, with what is used of their metadata in columns."""
    events = pd.read_json(path, lines=True, dtype=False).drop_duplicates("event_id")
    about = events.pop("metadata")
    for column, key in (("role", "role"), ("active_ms", "activeMs"), ("order_id", "orderId")):
        events[column] = [each.get(key) for each in about]
    events["at"] = pd.to_datetime(events["occurred_at"], unit="us", utc=True)
    events["day"] = events["at"].dt.date
    events["excluded"] = events["role"].isin(["staff", "instructor", "test"])
    of_lesson = events["event_type"].str.startswith(("lesson_", "quiz_"))
    events["lesson_idx"] = events["lesson_idx"].astype("Int64").where(of_lesson)
    return events


def event_day(events: pd.DataFrame) -> pd.DataFrame:
    """What was received, per course and event type."""
    counted = events.assign(
        events=~events["excluded"], anonymous=~events["excluded"] & events["learner_id"].isna()
    )
    by = counted.groupby(["day", "course_id", "event_type"], dropna=False)
    return by[["events", "anonymous", "excluded"]].sum().reset_index()


def course_daily(counted: pd.DataFrame) -> pd.DataFrame:
    """Activity per course."""
    kinds = {
        "course_views": "course_view",
        "views": "lesson_viewed",
        "lesson_completions": "lesson_completed",
        "quiz_attempts": "quiz_attempted",
        "quiz_passes": "quiz_passed",
    }
    by = counted.groupby(["course_id", "day"])
    table = by["learner_id"].nunique().to_frame("learners")
    for name, kind in kinds.items():
        table[name] = counted[counted["event_type"] == kind].groupby(["course_id", "day"]).size()
    for name, kind, what in (
        ("enrolments", "enroll", "learner_id"),
        ("completions", "complete", "learner_id"),
        ("purchases", "purchase", "order"),
        ("refunds", "refund", "order"),
    ):
        of_kind = counted[counted["event_type"] == kind]
        of_kind = of_kind.assign(order=of_kind["order_id"].fillna(of_kind["event_id"]))
        table[name] = of_kind.groupby(["course_id", "day"])[what].nunique()
    return table.fillna(0).astype(int).reset_index()


def active_times(counted: pd.DataFrame) -> pd.Series:
    """Milliseconds by course, learner and lesson: the reports, or else the gaps after each view."""
    known = counted[counted["learner_id"].notna()]
    instants = known[[*LEARNER, "at"]].drop_duplicates().sort_values([*LEARNER, "at"])
    instants["next_at"] = instants.groupby(LEARNER)["at"].shift(-1)
    views = known.loc[
        known["event_type"] == "lesson_viewed", [*LEARNER, "lesson_idx", "at"]
    ].drop_duplicates()
    views = views.merge(instants, on=[*LEARNER, "at"])
    closings = known.loc[known["event_type"] == "lesson_completed", [*LEARNER, "lesson_idx", "at"]]
    closings = closings.drop_duplicates().rename(columns={"at": "next_at"}).assign(closes=True)
    views = views.merge(closings, on=[*LEARNER, "lesson_idx", "next_at"], how="left")
    gap = views["next_at"] - views["at"]
    limit = np.where(views["closes"].notna(), pd.Timedelta(hours=4), pd.Timedelta(minutes=30))
    gaps = views.assign(ms=gap // pd.Timedelta(milliseconds=1))[gap <= limit]
    reports = known[(known["event_type"] == "lesson_time") & (known["active_ms"] <= 600_000)]
    reports = reports.assign(ms=np.floor(reports["active_ms"].astype(float)))
    keys = [*LEARNER, "lesson_idx"]
    return reports.groupby(keys)["ms"].sum().combine_first(gaps.groupby(keys)["ms"].sum()).astype("int64")


def lesson_daily(counted: pd.DataFrame) -> pd.DataFrame:
    """Activity per lesson."""
    lessons = counted[counted["lesson_idx"].notna()]
    kind = lessons["event_type"]
    by = lessons.groupby(LESSON)
    table = by["learner_id"].nunique().to_frame("viewers")
    table["day"] = by["day"].first()
    for name, of_kind in (("views", "lesson_viewed"), ("quiz_attempts", "quiz_attempted")):
        table[name] = lessons[kind == of_kind].groupby(LESSON).size()
    for name, kinds in (
        ("completers", ["lesson_completed"]),
        ("quiz_attempters", ["quiz_attempted", "quiz_passed"]),
        ("quiz_passers", ["quiz_passed"]),
    ):
        table[name] = lessons[kind.isin(kinds)].groupby(LESSON)["learner_id"].nunique()
    times = active_times(counted).reset_index()
    measured = times.groupby(LESSON)["ms"]
    table["measured_learners"], table["active_ms_sum"] = measured.count(), measured.sum()
    table = table.fillna(0)
    for name, share in (("active_ms_median", 0.5), ("active_ms_p90", 0.9)):
        table[name] = measured.agg(lambda ms, share=share: np.quantile(ms, share, method="inverted_cdf"))
    lows = np.array([low for low, _ in time_buckets()])
    times["bucket"] = np.searchsorted(lows, times["ms"], side="right") - 1
    counts = times.groupby(LESSON)["bucket"].agg(lambda buckets: buckets.value_counts().to_dict())
    table["active_ms_hist"] = [counts.get(lesson, {}) for lesson in table.index]
    views = lessons[kind == "lesson_viewed"]
    hours = pd.crosstab([views["course_id"], views["lesson_idx"]], views["at"].dt.hour)
    hours = hours.reindex(index=table.index, columns=range(25), fill_value=0)
    table["views_by_hour"] = hours.to_numpy().tolist()
    return table.reset_index()


def lesson_cohort(counted: pd.DataFrame) -> pd.DataFrame:
    """Where learners are, and where they stop."""
    known = counted[counted["learner_id"].notna()]
    lessons = known[known["lesson_idx"].notna()]
    learners = known.groupby(LEARNER).agg(furthest=("lesson_idx", "max"), last_at=("at", "max"))
    learners["cohort_day"] = lessons.groupby(LEARNER)["day"].min()
    learners["is_active"] = learners["last_at"] >= AS_OF - pd.Timedelta(days=7)
    learners["is_complete"] = learners.index.isin(
        pd.MultiIndex.from_frame(known.loc[known["event_type"] == "complete", LEARNER])
    )
    done = lessons.assign(completers=lessons["event_type"] == "lesson_completed")
    reached = done.groupby([*LESSON, "learner_id"])["completers"].max().reset_index()
    reached = reached.merge(learners, on=LEARNER)
    last = reached["lesson_idx"] == reached["furthest"]
    reached["stopped"] = last & ~reached["is_complete"] & ~reached["is_active"]
    reached["active"] = last & ~reached["is_complete"] & reached["is_active"]
    reached["finished"] = last & reached["is_complete"]
    by = reached.groupby([*LESSON, "cohort_day"])
    table = by[["completers", "stopped", "active", "finished"]].sum()
    return table.assign(viewers=by.size()).reset_index()


def main() -> None:
    """Read the file, make the tables one after the other, and tell."""
    recorder = Recorder()
    with recorder.step("seal"):
        events = read_events(Path(sys.argv[1]))
        counted = events[~events["excluded"] & events["course_id"].notna()]
    with recorder.step("daily tables"):
        tables = {
            "event_day": event_day(events),
            "lesson_daily": lesson_daily(counted),
            "course_daily": course_daily(counted),
        }
    with recorder.step("cohort tables"):
        tables["lesson_cohort"] = lesson_cohort(counted)
    recorder.finish()
    recorder.tell({name: _rows(table) for name, table in tables.items()})


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict("records")


if __name__ == "__main__":
    main()
