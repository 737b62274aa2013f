"""The lake's files: named once, never overwritten, on disk before anything names them."""

import os
import uuid
from collections.abc import Collection, Iterable
from datetime import date, datetime
from pathlib import Path

from analytics_pipeline.lake.schema import Kind


class Lake:
    """The folder under which Parquet files lie. A name is relative to it, with `/` between its parts."""

    def __init__(self, root: str) -> None:
        self.root = Path(root).absolute()

    def new_name(self, kind: Kind, day: date, version: int) -> str:
        """A name that no other file has or will have."""
        return f"{kind}/{day.isoformat()}/{version}-{uuid.uuid4()}.parquet"

    def path(self, name: str) -> str:
        """Where the file of this name lies, for an engine to read."""
        return str(self.root / name)

    def paths(self, names: Iterable[str]) -> list[str]:
        """Where the files of these names lie."""
        return [self.path(name) for name in names]

    def place(self, name: str) -> str:
        """Where the file of this name is to be written; its folder is there afterwards."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return str(path)

    def persist(self, names: Collection[str]) -> None:
        """Return when these files, and the folders that name them, survive a power cut."""
        files = [self.root / name for name in names]
        folders = {folder for file in files for folder in file.parents if folder.is_relative_to(self.root)}
        if folders:
            folders.add(self.root.parent)
        for path in [*files, *sorted(folders, reverse=True)]:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def size(self, names: Iterable[str]) -> int:
        """Bytes that these files take."""
        return sum((self.root / name).stat().st_size for name in names)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that no row of the catalogue names; one that is gone already is fine."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)

    def written_before(self, instant: datetime) -> list[str]:
        """Names of all files last written before `instant`, sorted."""
        files = (path for kind in Kind for path in (self.root / kind).glob("*/*.parquet"))
        return sorted(
            path.relative_to(self.root).as_posix()
            for path in files
            if path.stat().st_mtime < instant.timestamp()
        )
