"""What models read and what becomes of them, whatever engine runs them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

Schema: TypeAlias = Mapping[str, str]
"""Column names in order, each with its SQL type."""

Parameters: TypeAlias = Mapping[str, object]


@dataclass(frozen=True)
class ParquetFiles:
    """Rows of Parquet files; without a file, no rows of the same columns."""

    paths: Sequence[str]
    schema: Schema


@dataclass(frozen=True)
class TypedFrame:
    """A DataFrame whose column types are stated: an empty or all-null column does not tell its own."""

    data: pd.DataFrame
    schema: Schema


Relation: TypeAlias = "ParquetFiles | TypedFrame | pd.DataFrame | pa.Table"


class ModelFailedError(Exception):
    """The cluster could not run a model, which may be for what one day holds."""


@dataclass(frozen=True)
class WrittenDay:
    """The Parquet files that hold the rows of one day, and how many rows there are."""

    paths: list[str]
    rows: int


@dataclass(frozen=True)
class Apart:
    """Rows of this relation that differ in any of these columns never meet in a model."""

    relation: str
    columns: Sequence[str]
    files_are_apart: bool = False
    """Rows that are alike in all of the columns lie in one file of the relation already."""

    rows_at_once: int | None = None
    """How many rows a part has about; None for as many as a part of a large day."""


class Reading(Protocol):
    """Relations that models read; one opening serves all models that read the same."""

    def frame(self, sql: str, parameters: Parameters) -> pd.DataFrame:
        """The rows of the model, for results that fit into memory."""

    def write_csv(self, sql: str, parameters: Parameters, path: Path, apart: Apart | None = None) -> int:
        """Write the model's rows as PostgreSQL's COPY reads CSV with a header; return how many there are.

        Null is an empty unquoted field, an empty string is quoted, lists are PostgreSQL array literals,
        structs and maps are JSON. `apart` lets an engine work on a part of the rows after the other.
        """


class Models(Protocol):
    """An engine that runs SQL models. A model is one plain SELECT in DuckDB's dialect.

    It reads its relations by name and takes named parameters (`$as_of`); a parameter that it does not read is
    left aside. Instants are UTC throughout.
    """

    def reading(self, relations: Mapping[str, Relation]) -> AbstractContextManager[Reading]:
        """Within the block, models read these relations."""

    def write_days(
        self, sql: str, relations: Mapping[str, Relation], paths: Mapping[date, str], apart: Apart
    ) -> dict[date, WrittenDay]:
        """Write the model's rows of each of these days to Parquet at its path.

        The path becomes a file, several files beside each other, or a folder of files. `apart` lets an engine
        work on a part of the rows after the other.
        """
