"""Charts as Vega-Lite specifications: pure functions from answers and a width in pixels.

Colours are custom properties of the style sheet, so that one drawing serves light and dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from analytics_pipeline.admin.answers.course import Lesson

Spec = dict[str, Any]

INK, MUTED, LINE = "var(--ink)", "var(--muted)", "var(--line)"
REACH, ACTIVE, FINISHED, STOPPED = "var(--reach)", "var(--active)", "var(--finished)", "var(--stopped)"
SOFT = "var(--soft)"

PARTS = {"went on": REACH, "finished": FINISHED, "active": ACTIVE, "stopped": STOPPED}

WIDE, NARROW = 920, 300
PIXELS_PER_LABEL = 26
PIXELS_PER_DATE = 80
NARROWEST_BAR = 2

_AXIS = {"domain": False, "ticks": False, "labelPadding": 6, "titlePadding": 8}
# As the words beside the chart write them, with narrow spaces.
_NUMBER = "join(split(format(datum.value, ',d'), ','), '\u202f')"
_PERCENT = "format(datum.value * 100, '.0f') + '\u202f%'"
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True)
class DayPoint:
    """One day of a daily chart; counts are None where they are hidden."""

    day: date
    learners: int | None
    views: int | None
    provisional: bool


def drop_off_chart(lessons: Sequence[Lesson], highlighted: int | None, width: int) -> Spec:
    """Learners who reach each lesson, split by where they are now; below, the drop with its interval."""
    shown = [lesson for lesson in lessons if lesson.reach]
    return _chart(
        vconcat=[_reach_panel(shown, width), _drop_panel(shown, highlighted, width)],
        spacing=14,
        resolve={"scale": {"x": "shared"}},
    )


def daily_chart(days: Sequence[DayPoint], width: int) -> Spec:
    """Learners per day, and lesson views below; hidden days have a cross, unfinished ones are pale."""
    values = [
        {"day": str(day.day), "learners": day.learners, "views": day.views, "provisional": day.provisional}
        for day in days
    ]
    has_room = len(days) * NARROWEST_BAR <= width
    mark: Spec = {"type": "bar"} if has_room else {"type": "area", "interpolate": "step"}
    axis: Spec = {**_AXIS, "title": None, "grid": False, "labelAngle": 0}
    if has_room:
        # A hidden day has no bar, and keeps its place.
        places = {"domain": [str(day.day) for day in days], "paddingInner": 0.2}
        day: Spec = {"field": "day", "type": "ordinal", "scale": places}
        step = ceil(len(days) * PIXELS_PER_DATE / width)
        labelled = [str(day.day) for day in days[::step]]
        axis |= {"values": labelled, "labelExpr": "utcFormat(utcParse(datum.value, '%Y-%m-%d'), '%-d %b')"}
    else:
        day = {"field": "day", "type": "temporal", "timeUnit": "utcyearmonthdate"}
        axis |= {"tickCount": width // PIXELS_PER_DATE, "format": "%-d %b", "labelOverlap": "greedy"}
    pale = {"opacity": {"condition": {"test": "datum.provisional", "value": 0.45}, "value": 1}}

    # What is hidden is no zero.
    crosses: Spec = {
        "transform": [{"filter": "datum.learners === null"}],
        "mark": {"type": "text", "text": "\N{MULTIPLICATION SIGN}", "dy": -5, "fontSize": 10, "color": MUTED},
        "encoding": {"y": {"datum": 0}},
    }

    more = [crosses] if has_room else []

    def panel(field: str, title: str, height: int, colour: str, *, labels: bool) -> Spec:
        counts = {"y": _count(field)} | (pale if has_room else {})
        return {
            "width": width,
            "height": height,
            "title": title,
            "encoding": {"x": day | {"axis": axis | {"labels": labels}}},
            "layer": [{"mark": mark | {"color": colour}, "encoding": counts}, *more],
        }

    data: Spec = {"values": values}
    return _chart(
        data=data if has_room else data | {"format": {"parse": {"day": "utc:'%Y-%m-%d'"}}},
        vconcat=[
            panel("learners", "Learners a day", 130, REACH, labels=False),
            panel("views", "Lesson views a day", 80, SOFT, labels=True),
        ],
        spacing=14,
        resolve={"scale": {"x": "shared"}},
    )


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
    axis = {**_AXIS, "tickCount": 4, "title": None, "format": ".3~r"}
    tick = {"type": "tick", "color": INK, "thickness": 2, "bandSize": max(4, width // (2 * len(lessons)))}
    return _chart(
        width=width,
        height=150,
        title="Minutes that a learner spends on a day",
        data={"values": values},
        encoding={"x": _lesson(lessons, "Lesson", width)},
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
    axis = {**_AXIS, "title": "Hours since the day began", "labelAngle": 0}
    axis["values"] = list(range(0, len(views), step))
    hour = {"field": "hour", "type": "ordinal", "axis": axis, "scale": {"paddingInner": 0.2}}
    return _chart(
        width=width,
        height=120,
        title="Lesson views an hour",
        data={"values": values},
        mark={"type": "bar", "color": REACH},
        encoding={"x": hour, "y": _count("views")},
    )


def _chart(**members: Any) -> Spec:
    axis = {"labelColor": MUTED, "labelFontSize": 12, "titleColor": MUTED, "titleFontSize": 12}
    axis |= {"titleFontWeight": "normal", "gridColor": LINE}
    # A title above a panel is read without turning the head, and takes no width from a phone.
    title = {"anchor": "start", "frame": "group", "color": MUTED, "fontSize": 12, "fontWeight": "normal"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "padding": 2,
        # The page describes the chart and holds a table; a label on each mark would weigh more than both.
        "config": {
            "aria": False,
            "background": None,
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": axis,
            "title": title | {"offset": 8},
        },
        **members,
    }


def _lesson(lessons: Sequence[Lesson], title: str | None, width: int) -> Spec:
    """All lessons from left to right, labelled at even steps; without a title, without labels."""
    wanted = ceil(len(lessons) * PIXELS_PER_LABEL / width)
    step = next((step for step in _STEPS if step >= wanted), wanted)
    labelled = [lesson.lesson_idx for lesson in lessons if lesson.lesson_idx % step == 0]
    axis = {**_AXIS, "labelAngle": 0, "title": title, "labels": title is not None, "values": labelled}
    places = {"domain": [lesson.lesson_idx for lesson in lessons], "paddingInner": 0.2}
    return {"field": "lesson", "type": "ordinal", "axis": axis, "scale": places}


def _count(field: str, **more: Any) -> Spec:
    axis = {**_AXIS, "tickCount": 4, "tickMinStep": 1, "title": None, "labelExpr": _NUMBER}
    return {"field": field, "type": "quantitative", "axis": axis, **more}


def _reach_panel(lessons: Sequence[Lesson], width: int) -> Spec:
    values = []
    for lesson in lessons:
        counts = {
            "stopped": lesson.stopped or 0,
            "active": lesson.active or 0,
            "finished": lesson.finished or 0,
        }
        counts["went on"] = (lesson.reach or 0) - sum(counts.values())
        values += [
            {"lesson": lesson.lesson_idx, "part": part, "learners": counts[part], "order": order}
            for order, part in enumerate(PARTS)
        ]
    colours = {"domain": list(PARTS), "range": list(PARTS.values())}
    return {
        "width": width,
        "height": 230,
        "title": "Learners who came to the lesson or further",
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "x": _lesson(lessons, None, width),
            "y": _count("learners", stack="zero"),
            "order": {"field": "order", "type": "quantitative"},
            "color": {"field": "part", "type": "nominal", "legend": None, "scale": colours},
        },
    }


def _drop_panel(lessons: Sequence[Lesson], highlighted: int | None, width: int) -> Spec:
    values = [
        {
            "lesson": lesson.lesson_idx,
            "drop": lesson.drop.value,
            "low": lesson.drop.low,
            "high": lesson.drop.high,
            "highlighted": lesson.lesson_idx == highlighted,
        }
        for lesson in lessons
        if lesson.drop.value is not None
    ]
    colour = {"condition": {"test": "datum.highlighted", "value": STOPPED}, "value": MUTED}
    axis = {**_AXIS, "labelExpr": _PERCENT, "tickCount": 4, "title": None}
    low = {"field": "low", "type": "quantitative", "axis": axis, "scale": {"domainMin": 0}}
    drop = {"y": {"field": "drop", "type": "quantitative"}}
    beside = {"type": "text", "align": "left", "dx": 8, "fontSize": 12, "fontWeight": 600}
    return {
        "width": width,
        "height": 130,
        "title": "Drop at the lesson, with its 95 % interval",
        "data": {"values": values},
        "encoding": {"x": _lesson(lessons, "Lesson", width), "color": colour},
        "layer": [
            {"mark": {"type": "rule", "strokeWidth": 1.5}, "encoding": {"y": low, "y2": {"field": "high"}}},
            {"mark": {"type": "point", "filled": True, "size": 44, "opacity": 1}, "encoding": drop},
            {
                "transform": [
                    {"filter": "datum.highlighted"},
                    {"calculate": "format(datum.drop * 100, '.0f') + '\u202f%'", "as": "words"},
                ],
                "mark": beside,
                "encoding": drop | {"text": {"field": "words"}},
            },
        ],
    }
