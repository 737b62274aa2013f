"""The lake in a folder of this machine."""

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from analytics_pipeline.lake.schema import Kind


class Folder:
    """Files under a folder; on disk before anything names them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def attach(self, duck: DuckDBPyConnection) -> None:
        """DuckDB reads and writes folders by itself."""

    def check(self) -> None:
        """A folder that is not there yet is made with the first file."""

    def place(self, name: str) -> str:
        """Make the folder of the file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return str(path)

    def persist(self, names: Collection[str]) -> None:
        """Sync the files, and the folders that name them."""
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
        """Bytes on disk."""
        return sum((self.root / name).stat().st_size for name in names)

    def remove(self, names: Iterable[str]) -> None:
        """Unlink the files, and what Spark leaves beside its own: a checksum, and the folder it made."""
        for name in names:
            path = self.root / name
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
            if path.parent.suffix == ".parquet":
                with suppress(OSError):
                    path.parent.rmdir()

    def written_before(self, instant: datetime) -> list[str]:
        """By the files' modification times."""
        files = (path for kind in Kind for path in (self.root / kind).rglob("*.parquet") if path.is_file())
        return sorted(
            path.relative_to(self.root).as_posix()
            for path in files
            if path.stat().st_mtime < instant.timestamp()
        )
