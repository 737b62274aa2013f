"""A server that speaks S3, on loopback: moto, which keeps its buckets in memory."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

BUCKET = "learner-lake"


@contextmanager
def s3_server(**environment: str) -> Iterator[Mapping[str, str]]:
    """Start one with an empty bucket; gives the variables that lead to it."""
    with tempfile.NamedTemporaryFile(prefix="s3-", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
        try:
            url = _address(process, Path(log.name))
            httpx.put(f"{url}/{BUCKET}", timeout=60).raise_for_status()
            yield {
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "the-key",
                "AWS_SECRET_ACCESS_KEY": "it's a secret",
                "AWS_REGION": "us-east-1",
            }
        finally:
            process.terminate()
            process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    while process.poll() is None:
        if found := re.search(r"http://[\d.]+:\d+", log.read_text()):
            return found.group()
        time.sleep(0.05)
    raise RuntimeError(log.read_text())
