"""The lake's files: named once, never overwritten, safe before anything names them."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from duckdb import DuckDBPyConnection

from analytics_pipeline.lake.bucket import Bucket
from analytics_pipeline.lake.folder import Folder
from analytics_pipeline.lake.schema import Kind


class Store(Protocol):
    """What keeps the files: a folder or a bucket. What each function promises, `Lake` says."""

    def attach(self, duck: DuckDBPyConnection) -> None: ...  # noqa: D102
    def check(self) -> None: ...  # noqa: D102
    def place(self, name: str) -> str: ...  # noqa: D102
    def persist(self, names: Collection[str]) -> None: ...  # noqa: D102
    def size(self, names: Iterable[str]) -> int: ...  # noqa: D102
    def remove(self, names: Iterable[str]) -> None: ...  # noqa: D102
    def written_before(self, instant: datetime) -> list[str]: ...  # noqa: D102


class Lake:
    """Where Parquet files lie: a folder, or `s3://bucket/prefix`.

    A name is relative to it, with `/` between its parts. There is no renaming and no overwriting: which files
    count is for the catalogue to say, so a folder and a bucket behave alike.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/") if "://" in root else str(Path(root).absolute())
        self._store: Store = Bucket(self.root) if "://" in root else Folder(Path(self.root))

    def attach(self, duck: DuckDBPyConnection) -> None:
        """Let this DuckDB session read and write the lake's files."""
        self._store.attach(duck)

    def check(self) -> None:
        """Raise LakeUnreachableError, with one sentence, when the lake cannot be read."""
        self._store.check()

    def new_name(self, kind: Kind, day: date, version: int) -> str:
        """A name that no other file has or will have."""
        return f"{kind}/{day.isoformat()}/{version}-{uuid.uuid4()}.parquet"

    def path(self, name: str) -> str:
        """Where the file of this name lies, for an engine to read."""
        return f"{self.root}/{name}"

    def paths(self, names: Iterable[str]) -> list[str]:
        """Where the files of these names lie."""
        return [self.path(name) for name in names]

    def name_of(self, path: str) -> str:
        """The name of the file that lies there."""
        return path.removeprefix(f"{self.root}/")

    def place(self, name: str) -> str:
        """Where the file of this name is to be written; its folder is there afterwards."""
        return self._store.place(name)

    def persist(self, names: Collection[str]) -> None:
        """Return when these files, and what names them, survive a power cut; raise where one is not there."""
        self._store.persist(names)

    def size(self, names: Iterable[str]) -> int:
        """Bytes that these files take."""
        return self._store.size(names)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that no row of the catalogue names; one that is gone already is fine."""
        self._store.remove(names)

    def written_before(self, instant: datetime) -> list[str]:
        """Names of all files last written before `instant`, sorted."""
        return self._store.written_before(instant)
