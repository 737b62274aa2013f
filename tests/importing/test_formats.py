"""One way in to every format."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics_pipeline.importing.formats import SourceFormat, guess_format, open_source
from analytics_pipeline.importing.source import BadLine, WrongSourceError
from tests.importing.conftest import WriteFile

UTC_ZONE = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.ndjson", SourceFormat.NDJSON),
        ("a.jsonl.gz", SourceFormat.NDJSON),
        ("a.csv", SourceFormat.CSV),
        ("a.b.csv.gz", SourceFormat.CSV),
        ("a.parquet", SourceFormat.PARQUET),
    ],
)
def test_the_name_tells_the_format(name: str, told: SourceFormat) -> None:
    assert guess_format(Path(name)) is told


def test_a_name_that_tells_no_format_asks_for_one() -> None:
    with pytest.raises(WrongSourceError, match="--format: ndjson, csv, parquet, oulad, xapi"):
        guess_format(Path("statements.json.gz"))


def test_a_format_that_is_given_counts_more_than_the_name(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    path = write_file("events.csv", '{"id":"a"}\n')
    source = open_source([path], SourceFormat.NDJSON, zone=UTC_ZONE, report=bad_lines.append)
    assert list(source.events) == [b'{"id":"a"}']


def test_files_that_cannot_be_meant_are_refused(tmp_path: Path, bad_lines: list[BadLine]) -> None:
    with pytest.raises(WrongSourceError, match="does not exist"):
        open_source([tmp_path / "no.csv"], None, zone=UTC_ZONE, report=bad_lines.append)
    with pytest.raises(WrongSourceError, match="one folder"):
        open_source([tmp_path, tmp_path], SourceFormat.OULAD, zone=UTC_ZONE, report=bad_lines.append)
    with pytest.raises(WrongSourceError, match="OULAD only"):
        open_source([tmp_path], SourceFormat.CSV, zone=UTC_ZONE, report=bad_lines.append, modules=["AAA"])
