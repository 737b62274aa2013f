"""The parameters of the API."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query

from analytics_pipeline.admin.answers.courses import CourseOrder
from analytics_pipeline.admin.answers.ranges import Asked, Preset
from analytics_pipeline.audit.job_run import RunStatus, Trigger

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)

From = Annotated[
    date | None, Query(alias="from", ge=FIRST, le=LAST, description="First day; the course's first if unset.")
]
To = Annotated[
    date | None, Query(alias="to", ge=FIRST, le=LAST, description="Last day; the course's last if unset.")
]
Cursor = Annotated[str | None, Query(max_length=2000, description="`nextCursor` of the page before.")]
CourseFilter = Annotated[str | None, Query(alias="courseId", max_length=200, pattern=r"^[^\x00]*$")]
RuleFilter = Annotated[str | None, Query(max_length=100, pattern=r"^[a-z_]*$")]
RunStatuses = Annotated[Sequence[RunStatus], Query(max_length=10, description="Only these; all if unset.")]
Triggers = Annotated[Sequence[Trigger], Query(max_length=10, description="Only these; all if unset.")]
Search = Annotated[
    str, Query(max_length=200, pattern=r"^[^\x00]*$", description="Part of the course's id or title.")
]
Sort = Annotated[
    CourseOrder,
    Query(description="`completion` puts the lowest first, the others the most; what is hidden comes last."),
]
Currency = Annotated[
    str | None,
    Query(max_length=20, pattern=r"^[^\x00]*$", description="For `revenue`; the most used one if unset."),
]
TableFilter = Annotated[
    str | None, Query(max_length=100, pattern=r"^[a-z_]*$", description="Published table.")
]
LessonIdx = Annotated[int, Path(ge=0, le=100_000, description="Lesson, counted from 0.")]
Limit = Annotated[int, Query(ge=1, le=500)]

RangePreset = Annotated[
    Preset | None,
    Query(alias="range", description="The last complete days, or all days."),
]


async def _asked(preset: RangePreset = None, first: From = None, last: To = None) -> Asked:
    return Asked(preset, first, last)


AskedDays = Annotated[Asked, Depends(_asked)]
