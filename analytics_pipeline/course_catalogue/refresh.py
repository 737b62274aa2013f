"""Bringing the stored catalogue up to its source."""

from dataclasses import dataclass

from analytics_pipeline.course_catalogue.entries import CatalogueError
from analytics_pipeline.course_catalogue.source import read_catalogue, source_of
from analytics_pipeline.course_catalogue.store import Changes, store_catalogue
from analytics_pipeline.run import PipelineRun

NOTHING = Changes(0, 0)


@dataclass(frozen=True)
class Refresh:
    """What became of the catalogue. `problem` is a sentence; the old catalogue stands then."""

    source: str | None
    courses: int = 0
    lessons: int = 0
    changes: Changes = NOTHING
    problem: str | None = None


def refresh_catalogue(run: PipelineRun) -> Refresh:
    """Read the source, if one is set, and store what it says; all of it or nothing.

    Without a source nothing is touched. A source that cannot be used is no error: its problem is returned,
    since titles of yesterday are better than a night without numbers. Raises TurnLostError.
    """
    source = source_of(run.settings)
    if source is None:
        return Refresh(None)
    try:
        catalogue = read_catalogue(run.settings)
    except CatalogueError as error:
        return Refresh(source, problem=str(error))
    changes = store_catalogue(run, catalogue)
    return Refresh(source, len(catalogue.courses), len(catalogue.lessons), changes)
