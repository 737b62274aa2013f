"""Cuts the lake's events into the days of another zone: new files, beside the ones that are in force."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics_pipeline.days import DayRange, contiguous_ranges, day_end, day_of, day_start
from analytics_pipeline.engine import ParquetFiles, copy_to_parquet
from analytics_pipeline.lake.catalogue import LakeDay
from analytics_pipeline.lake.schema import EVENTS, Kind
from analytics_pipeline.run import PipelineRun

DAYS_AT_ONCE = 31
FARTHEST = timedelta(days=2)
"""Zones lie up to 26 hours apart: no event moves over more days than these."""

_OF_DAY = """
    SELECT * REPLACE (CAST($day AS DATE) AS day)
      FROM events
     WHERE occurred_at >= $starts_at AND occurred_at < $ends_at
"""


def cut_anew(
    run: PipelineRun, rows: Mapping[date, LakeDay], zone: ZoneInfo, report: Callable[[str], None]
) -> list[LakeDay]:
    """Write the files of the new days and return their rows, oldest first; what is in force stays as it is.

    `rows` are all days of the old zone. A day without events between others gets a row without files.
    """
    with_events = sorted(day for day, row in rows.items() if row.files)
    if not with_events:
        return []
    around = timedelta(days=1)
    first = day_of(day_start(with_events[0], run.settings.zone), zone)
    last = day_of(day_start(with_events[-1] + around, run.settings.zone) - timedelta(microseconds=1), zone)
    last = min(last, day_of(datetime.now(UTC), zone) + around)
    made: list[LakeDay] = []
    for days in contiguous_ranges(list(DayRange(first, last)), DAYS_AT_ONCE):
        made.extend(_cut(run, rows, days, zone))
        report(f"Cut {days} anew.")
    while made and not made[0].events:
        made.pop(0)
    while made and not made[-1].events:
        made.pop()
    return made


def _cut(run: PipelineRun, rows: Mapping[date, LakeDay], days: DayRange, zone: ZoneInfo) -> list[LakeDay]:
    near = DayRange(days.first - FARTHEST, days.last + FARTHEST)
    names = [name for day in near if day in rows for name in rows[day].files]
    made = []
    with run.engine.session({"events": ParquetFiles(run.lake.paths(names), EVENTS)}) as duck:
        for day in days:
            version = rows[day].version + 1 if day in rows else 1
            name = run.lake.new_name(Kind.EVENTS, day, version)
            window = {
                "day": day,
                "starts_at": day_start(day, zone),
                "ends_at": day_end(day, zone),
            }
            events = copy_to_parquet(duck, _OF_DAY, window, run.lake.place(name))
            made.append((day, version, name, events))
    empty = [name for _, _, name, events in made if not events]
    run.lake.remove(empty)
    run.lake.persist([name for _, _, name, events in made if events])
    return [_row(run, *each) for each in made]


def _row(run: PipelineRun, day: date, version: int, name: str, events: int) -> LakeDay:
    files: Sequence[str] = [name] if events else []
    size = run.lake.size(files)
    return LakeDay(day, version, list(files), events, size)
