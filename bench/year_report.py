"""What was seen of a year of nights: as a table and as a picture."""

from collections.abc import Mapping
from pathlib import Path

import vl_convert

from analytics_pipeline.markdown import markdown_table

Stages = Mapping[str, float]
"""Seconds of each stage of a night, with `night`, `cpu` and, of several nights, the `slowest`."""

FIRST_STAGES = ("raw_events", "learner_days", "daily_tables")
"""They see the events of the day alone, so that what they take says whether the machine stayed as fast."""


def report(measured: Mapping[int, Stages]) -> str:
    """The medians in Markdown, and the ratio of the last nights to the first."""
    points = list(measured)
    told = [_told(stages) for stages in measured.values()]
    rows = []
    for label in told[0]:
        values = [of_point[label] for of_point in told]
        rows.append([label, *(f"{value:.2f}" for value in values), f"{values[-1] / values[0]:.2f}"])
    head = ["seconds of night", *map(str, points), f"{points[-1]} / {points[0]}"]
    return markdown_table(head, rows)


def _told(stages: Stages) -> Stages:
    first = sum(stages[stage] for stage in FIRST_STAGES)
    return {
        "events, learner days, daily tables": first,
        "cohort tables": stages["cohort_tables"],
        "signals": stages["signal"],
        "all else": stages["night"] - first - stages["cohort_tables"] - stages["signal"],
        "night": stages["night"],
        "night, of CPU": stages["cpu"],
        "slowest of these nights": stages["slowest"],
    }


def draw(measured: Mapping[int, Stages], path: Path) -> None:
    """A picture of what the nights took, wall and CPU, as SVG or PNG by the name of the file."""
    rows = [
        {"night": night, "seconds": stages[name], "of": label}
        for night, stages in measured.items()
        for name, label in (("night", "the night"), ("cpu", "of CPU"), ("cohort_tables", "cohort tables"))
    ]
    spec = {
        "data": {"values": rows},
        "mark": {"type": "line", "point": True},
        "width": 480,
        "height": 260,
        "encoding": {
            "x": {"field": "night", "type": "quantitative", "title": "day of history"},
            "y": {"field": "seconds", "type": "quantitative", "title": "seconds of a night"},
            "color": {"field": "of", "type": "nominal", "title": None},
        },
    }
    if path.suffix == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(spec, scale=2))
    else:
        path.write_text(vl_convert.vegalite_to_svg(spec))
