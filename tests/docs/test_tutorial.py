"""What the tutorial sends is what the ingest service takes."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import msgspec

from analytics_pipeline.endpoint import EVENT_PATH
from analytics_pipeline.events import WireEvent, missing_field
from analytics_pipeline.ingest.request import read_head

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial" / "first-number.md").read_text()


def sent() -> tuple[str, dict[str, str], bytes]:
    """The path, headers and body that the curl with a body sends, headers as curl adds them."""
    (command,) = re.findall(r"^curl (?:(?!^curl).)*?-d '.*?'$", TUTORIAL, re.M | re.S)
    words = shlex.split(command)
    path = re.sub(r"^http://127\.0\.0\.1:8000", "", words[1])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for option, value in pairwise(words):
        if option == "-H":
            name, _, content = value.partition(": ")
            headers[name.lower()] = content
    return path, headers, words[words.index("-d") + 1].encode()


def test_the_event_of_the_tutorial_is_a_whole_one_in_a_form_that_is_understood() -> None:
    path, headers, body = sent()
    assert path == EVENT_PATH
    head = read_head(
        {
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "query_string": b"",
        }
    )
    assert head.key == "$KEY"
    (wire,) = json.loads(body)["events"]
    assert missing_field(msgspec.convert(wire, WireEvent, strict=False)) is None


def test_the_tutorial_runs_the_day_of_the_event_that_it_sends() -> None:
    (wire,) = json.loads(sent()[2])["events"]
    day = wire["createdAt"][:10]
    assert f"analytics run --from {day} --to {day}" in TUTORIAL
