"""Where learners stop: how many reach each lesson, and the drop there."""

from collections.abc import Sequence

from analytics_pipeline.admin.answers.course import Lesson
from analytics_pipeline.admin.dashboard.charts.parts import (
    AXIS,
    MUTED,
    REACH,
    STOPPED,
    Spec,
    chart,
    counted,
    lesson_places,
)

PARTS = {"went on": REACH, "finished": "var(--finished)", "active": "var(--active)", "stopped": STOPPED}

_PERCENT = "format(datum.value * 100, '.0f') + '\u202f%'"


def drop_off_chart(lessons: Sequence[Lesson], highlighted: int | None, width: int) -> Spec:
    """Learners who reach each lesson, split by where they are now; below, the drop with its interval."""
    shown = [lesson for lesson in lessons if lesson.reach]
    return chart(
        vconcat=[_reach_panel(shown, width), _drop_panel(shown, highlighted, width)],
        spacing=14,
        resolve={"scale": {"x": "shared"}},
    )


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
            "x": lesson_places(lessons, None, width),
            "y": counted("learners", stack="zero"),
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
    axis = {**AXIS, "labelExpr": _PERCENT, "tickCount": 4, "title": None}
    low = {"field": "low", "type": "quantitative", "axis": axis, "scale": {"domainMin": 0}}
    drop = {"y": {"field": "drop", "type": "quantitative"}}
    beside = {"type": "text", "align": "left", "dx": 8, "fontSize": 12, "fontWeight": 600}
    return {
        "width": width,
        "height": 130,
        "title": "Drop at the lesson, with its 95 % interval",
        "data": {"values": values},
        "encoding": {"x": lesson_places(lessons, "Lesson", width), "color": colour},
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
