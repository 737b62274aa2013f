"""What learners do: by day, by hour, and how long a lesson takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from analytics_pipeline.admin.answers.course import Lesson
from analytics_pipeline.admin.dashboard.charts.parts import (
    AXIS,
    INK,
    MUTED,
    REACH,
    SOFT,
    WIDE,
    Spec,
    chart,
    counted,
    lesson_places,
)

PIXELS_PER_DATE = 80
NARROWEST_BAR = 2

_DAY_AXIS: Spec = {**AXIS, "title": None, "grid": False, "labelAngle": 0}
_PALE: Spec = {"opacity": {"condition": {"test": "datum.provisional", "value": 0.45}, "value": 1}}
# What is hidden is no zero.
_CROSSES: Spec = {
    "transform": [{"filter": "datum.learners === null"}],
    "mark": {"type": "text", "text": "\N{MULTIPLICATION SIGN}", "dy": -5, "fontSize": 10, "color": MUTED},
    "encoding": {"y": {"datum": 0}},
}


@dataclass(frozen=True)
class DayPoint:
    """One day of a daily chart; counts are None where they are hidden."""

    day: date
    learners: int | None
    views: int | None
    provisional: bool


def daily_chart(days: Sequence[DayPoint], width: int) -> Spec:
    """Learners per day, and lesson views below; hidden days have a cross, unfinished ones are pale."""
    values = [
        {"day": str(day.day), "learners": day.learners, "views": day.views, "provisional": day.provisional}
        for day in days
    ]
    if len(days) * NARROWEST_BAR <= width:
        bars: Spec = {"type": "bar"}
        return _panels({"values": values}, _each_day(days, width), bars, width, [_CROSSES], **_PALE)
    area: Spec = {"type": "area", "interpolate": "step"}
    data = {"values": values, "format": {"parse": {"day": "utc:'%Y-%m-%d'"}}}
    return _panels(data, _course_of_days(width), area, width, [])


def _panels(data: Spec, day: Spec, mark: Spec, width: int, more: Sequence[Spec], **encoding: Spec) -> Spec:
    def panel(field: str, title: str, height: int, colour: str, *, labels: bool) -> Spec:
        counts = {"y": counted(field), **encoding}
        return {
            "width": width,
            "height": height,
            "title": title,
            "encoding": {"x": day | {"axis": day["axis"] | {"labels": labels}}},
            "layer": [{"mark": mark | {"color": colour}, "encoding": counts}, *more],
        }

    return chart(
        data=data,
        vconcat=[
            panel("learners", "Learners a day", 130, REACH, labels=False),
            panel("views", "Lesson views a day", 80, SOFT, labels=True),
        ],
        spacing=14,
        resolve={"scale": {"x": "shared"}},
    )


def _each_day(days: Sequence[DayPoint], width: int) -> Spec:
    labelled = [str(day.day) for day in days[:: ceil(len(days) * PIXELS_PER_DATE / width)]]
    label = "utcFormat(utcParse(datum.value, '%Y-%m-%d'), '%-d %b')"
    return {
        "field": "day",
        "type": "ordinal",
        # A hidden day has no bar, and keeps its place.
        "scale": {"domain": [str(day.day) for day in days], "paddingInner": 0.2},
        "axis": _DAY_AXIS | {"values": labelled, "labelExpr": label},
    }


def _course_of_days(width: int) -> Spec:
    labels = {"tickCount": width // PIXELS_PER_DATE, "format": "%-d %b", "labelOverlap": "greedy"}
    return {
        "field": "day",
        "type": "temporal",
        "timeUnit": "utcyearmonthdate",
        "axis": _DAY_AXIS | labels,
    }


def time_chart(lessons: Sequence[Lesson], width: int) -> Spec:
    """Median minutes per lesson as bars, the 90th percentile as a tick above."""
    values = [
        {
            "lesson": lesson.lesson_idx,
            "median": (lesson.time.median_ms or 0) / 60_000,
            "p90": (lesson.time.p90_ms or 0) / 60_000,
        }
        for lesson in lessons
        if lesson.time.median_ms is not None
    ]
    axis = {**AXIS, "tickCount": 4, "title": None, "format": ".3~r"}
    tick = {"type": "tick", "color": INK, "thickness": 2, "bandSize": max(4, width // (2 * len(lessons)))}
    return chart(
        width=width,
        height=150,
        title="Minutes that a learner spends on a day",
        data={"values": values},
        encoding={"x": lesson_places(lessons, "Lesson", width)},
        layer=[
            {
                "mark": {"type": "bar", "color": REACH},
                "encoding": {"y": {"field": "median", "type": "quantitative", "axis": axis}},
            },
            {"mark": tick, "encoding": {"y": {"field": "p90", "type": "quantitative"}}},
        ],
    )


def hours_chart(views: Sequence[int], width: int) -> Spec:
    """Views per hour since the day began."""
    values = [{"hour": hour, "views": count} for hour, count in enumerate(views)]
    step = 1 if width >= WIDE else 3
    axis = {**AXIS, "title": "Hours since the day began", "labelAngle": 0}
    axis["values"] = list(range(0, len(views), step))
    hour = {"field": "hour", "type": "ordinal", "axis": axis, "scale": {"paddingInner": 0.2}}
    return chart(
        width=width,
        height=120,
        title="Lesson views an hour",
        data={"values": values},
        mark={"type": "bar", "color": REACH},
        encoding={"x": hour, "y": counted("views")},
    )
