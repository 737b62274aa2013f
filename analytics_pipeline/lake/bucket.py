"""The lake in a bucket: S3, or any store that speaks its protocol.

Credentials come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`) or,
without keys there, from the platform: web identity, container or instance metadata. `AWS_ENDPOINT_URL` and
`AWS_REGION` say where the store is. An upload that a killed process left half-done is no file; only a
lifecycle rule of the bucket removes its bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

import duckdb_extension_httpfs
import obstore
from duckdb import DuckDBPyConnection
from obstore.exceptions import BaseError
from obstore.store import S3Store

from analytics_pipeline.lake.schema import Kind

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_MEET_STORE = """
    CREATE SECRET lake (TYPE s3, SCOPE $root, KEY_ID $key, SECRET $secret, SESSION_TOKEN $token,
                        REGION $region, ENDPOINT $endpoint, USE_SSL $ssl, URL_STYLE $style)
"""


class LakeUnreachableError(Exception):
    """The bucket cannot be read; the message is one sentence that says why and what to do."""


class _Options(TypedDict):
    client_options: ClientConfig
    retry_config: RetryConfig


class Bucket:
    """Files under a prefix of a bucket; there as soon as their upload has ended, and never in part."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._store = S3Store.from_url(root, **_options())

    def attach(self, duck: DuckDBPyConnection) -> None:
        """Give the session DuckDB's own S3 client, or ours where the credentials are the platform's.

        DuckDB's asks for ranges together, a fifth as many requests; it knows no credentials but keys, since
        the extension that asks the platform does not come as a package.
        """
        if os.environ.get("AWS_ACCESS_KEY_ID"):
            duck.load_extension(str(_extension()))
            duck.execute(_MEET_STORE, _secret(self._root))
        else:
            from obstore.fsspec import FsspecStore  # noqa: PLC0415  # slow to import, seldom needed

            duck.register_filesystem(FsspecStore("s3", **_options()))

    def check(self) -> None:
        """List what may be there."""
        try:
            next(iter(self._store.list(chunk_size=1)), None)
        except (BaseError, OSError) as error:
            raise LakeUnreachableError(
                f"The lake {self._root} cannot be read ({_reason(error)}); check ANALYTICS_LAKE, the bucket,"
                " and AWS_ENDPOINT_URL, AWS_REGION and the credentials in the environment."
            ) from error

    def place(self, name: str) -> str:
        """A bucket has no folders."""
        return f"{self._root}/{name}"

    def persist(self, names: Collection[str]) -> None:
        """The store had them safe when it ended their upload; see that it has."""
        self.size(names)

    def size(self, names: Iterable[str]) -> int:
        """Bytes in the store."""
        return sum(obstore.head(self._store, name)["size"] for name in names)

    def remove(self, names: Iterable[str]) -> None:
        """Delete many with one request."""
        obstore.delete(self._store, list(names))

    def written_before(self, instant: datetime) -> list[str]:
        """By the store's clock."""
        return sorted(
            file["path"]
            for kind in Kind
            for chunk in self._store.list(prefix=kind)
            for file in chunk
            if file["path"].endswith(".parquet") and file["last_modified"] < instant
        )


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _options() -> _Options:
    plain = (_endpoint() or "").startswith("http://")
    return {
        "client_options": {"allow_http": plain},
        # A store that is away for longer fails the run, which is tried again as a whole.
        "retry_config": {"max_retries": 4, "retry_timeout": timedelta(minutes=1)},
    }


def _secret(root: str) -> dict[str, object]:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = urlsplit(_endpoint() or f"https://s3.{region}.amazonaws.com")
    virtual = os.environ.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false").lower() == "true"
    return {
        "root": root,
        "key": os.environ["AWS_ACCESS_KEY_ID"],
        "secret": os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
        "token": os.environ.get("AWS_SESSION_TOKEN", ""),
        "region": region,
        "endpoint": endpoint.netloc + endpoint.path.rstrip("/"),
        "ssl": endpoint.scheme == "https",
        "style": "vhost" if virtual else "path",
    }


def _extension() -> Path:
    """The extension of the package, which has one for the DuckDB version that it requires."""
    (path,) = Path(duckdb_extension_httpfs.__file__).parent.rglob("*.duckdb_extension")
    return path


def _reason(error: Exception) -> str:
    text = str(error)
    code = re.search("<Code>([^<]+)</Code>", text)
    return code.group(1) if code else text.splitlines()[0].rpartition(": ")[2]
