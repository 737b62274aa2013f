"""What charts are made of: colours, widths, axes and the frame.

Colours are custom properties of the style sheet, so that one drawing serves light and dark.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

from analytics_pipeline.admin.answers.course import Lesson

Spec = dict[str, Any]

INK, MUTED, LINE = "var(--ink)", "var(--muted)", "var(--line)"
REACH, STOPPED, SOFT = "var(--reach)", "var(--stopped)", "var(--soft)"

WIDE, NARROW = 920, 300
PIXELS_PER_LABEL = 26

AXIS = {"domain": False, "ticks": False, "labelPadding": 6, "titlePadding": 8}
# As the words beside the chart write them, with narrow spaces.
_NUMBER = "join(split(format(datum.value, ',d'), ','), '\u202f')"
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def chart(**members: Any) -> Spec:
    """A whole chart with these members."""
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


def lesson_places(lessons: Sequence[Lesson], title: str | None, width: int) -> Spec:
    """All lessons from left to right, labelled at even steps; without a title, without labels."""
    wanted = ceil(len(lessons) * PIXELS_PER_LABEL / width)
    step = next((step for step in _STEPS if step >= wanted), wanted)
    labelled = [lesson.lesson_idx for lesson in lessons if lesson.lesson_idx % step == 0]
    axis = {**AXIS, "labelAngle": 0, "title": title, "labels": title is not None, "values": labelled}
    places = {"domain": [lesson.lesson_idx for lesson in lessons], "paddingInner": 0.2}
    return {"field": "lesson", "type": "ordinal", "axis": axis, "scale": places}


def counted(field: str, **more: Any) -> Spec:
    """Whole numbers from the bottom up."""
    axis = {**AXIS, "tickCount": 4, "tickMinStep": 1, "title": None, "labelExpr": _NUMBER}
    return {"field": field, "type": "quantitative", "axis": axis, **more}
