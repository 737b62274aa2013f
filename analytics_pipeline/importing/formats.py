"""The formats that can be imported, in one place."""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from analytics_pipeline.importing.ndjson import open_ndjson
from analytics_pipeline.importing.oulad import open_oulad
from analytics_pipeline.importing.source import ReportBadLine, Source, WrongSourceError
from analytics_pipeline.importing.tabular import open_csv, open_parquet
from analytics_pipeline.importing.xapi import open_xapi


class SourceFormat(StrEnum):
    """How the files of an import are written."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    OULAD = "oulad"
    XAPI = "xapi"


_SUFFIXES = {
    ".ndjson": SourceFormat.NDJSON,
    ".jsonl": SourceFormat.NDJSON,
    ".csv": SourceFormat.CSV,
    ".parquet": SourceFormat.PARQUET,
}

_FILE_READERS: dict[SourceFormat, Callable[[Sequence[Path], ReportBadLine], Source]] = {
    SourceFormat.NDJSON: open_ndjson,
    SourceFormat.CSV: open_csv,
    SourceFormat.PARQUET: open_parquet,
    SourceFormat.XAPI: open_xapi,
}


def open_source(
    paths: Sequence[Path],
    source_format: SourceFormat | None,
    *,
    zone: ZoneInfo,
    report: ReportBadLine,
    modules: Collection[str] = (),
) -> Source:
    """The events of the files, read as `source_format` (None: told by the name of the first).

    `report` is told every line that is no event; the rest is read on. `zone` is the site's, for data that
    know days only; `modules` selects modules of OULAD (none: all). Raises WrongSourceError, also while the
    events are read.
    """
    for path in paths:
        if not path.exists():
            raise WrongSourceError(f"{path} does not exist.")
    source_format = source_format or guess_format(paths[0])
    if source_format is SourceFormat.OULAD:
        if len(paths) != 1:
            raise WrongSourceError("OULAD is read from one folder; name that folder alone.")
        return open_oulad(paths[0], zone, modules)
    if modules:
        raise WrongSourceError(f"Modules can be selected of OULAD only, not of {source_format}.")
    return _FILE_READERS[source_format](paths, report)


def guess_format(path: Path) -> SourceFormat:
    """The format that the file's name tells; WrongSourceError where it tells none."""
    suffix = Path(path.name.removesuffix(".gz")).suffix
    if suffix not in _SUFFIXES:
        names = ", ".join(SourceFormat)
        raise WrongSourceError(f"{path} does not tell its format; name one with --format: {names}.")
    return _SUFFIXES[suffix]
