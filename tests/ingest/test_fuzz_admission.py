"""Inputs led by what they reach in the code: each is answered or refused, and what is kept is sound."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from analytics_pipeline.events import METADATA_KEYS, EventType
from tests.conftest import missing
from tests.ingest.bad_events import BAD_EVENTS
from tests.ingest.batches import wire

ROOT = Path(__file__).parents[2]
WORDS = [
    *(field.encode() for field in wire()),
    *(word.encode() for word in (*EventType, *METADATA_KEYS, "metadata", "events", "sentAt")),
    *(b"\\u0000", b"\\ud800", b"9223372036854775808", b"1e999", b"-0", b"[[[[", b'{"a":', b"\xff", b"NaN"),
    *(b"2024-01-01T00:00:00Z", b"253402300800000", b"+14:00", b"null", b"true"),
]  # fmt: skip


def fuzz(folder: Path, runs: int) -> str:
    """Run so many inputs from sound and unsound events on; returns what the fuzzer says."""
    if importlib.util.find_spec("atheris") is None:
        missing("atheris is not installed: it needs Linux and a Python below 3.14")
    seeds = folder / "seeds"
    seeds.mkdir()
    for number, event in enumerate([json.dumps(wire()).encode(), *(event for event, _ in BAD_EVENTS)]):
        for choice in range(0, 256, 51):
            (seeds / f"{number}-{choice}").write_bytes(bytes([choice]) + event)
    dictionary = folder / "words"
    escaped = ["".join(f"\\x{byte:02x}" for byte in word) for word in WORDS]
    dictionary.write_text("".join(f'"{word}"\n' for word in escaped))
    command = [sys.executable, "-m", "tests.ingest.fuzz_admission", str(seeds), f"-dict={dictionary}"]
    command += [f"-runs={runs}", "-max_len=4096", "-seed=1", f"-artifact_prefix={folder}/", "-timeout=60"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-6000:]
    return ended.stdout


def test_no_input_of_some_thousands_breaks_the_admission(tmp_path: Path) -> None:
    fuzz(tmp_path, 6_000)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_no_input_of_very_many_breaks_the_admission_or_makes_it_grow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = fuzz(tmp_path, 400_000)
    assert "400000 inputs" in told
    with capsys.disabled():
        sys.stdout.write(f"\n{told.splitlines()[-1]}\n")
