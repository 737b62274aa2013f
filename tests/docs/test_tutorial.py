"""What the tutorial sends is what the ingest service takes."""

import json
import re
from pathlib import Path

import msgspec

from analytics_pipeline.events import WireEvent, missing_field
from analytics_pipeline.ingest.door import EVENT_PATH

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial" / "first-number.md").read_text()


def test_the_event_of_the_tutorial_is_a_whole_one_of_the_day_that_is_run() -> None:
    ((path, body),) = re.findall(
        r"^curl http://127\.0\.0\.1:8000(\S+) .*? -d '(.*?)'$", TUTORIAL, re.M | re.S
    )
    (sent,) = json.loads(body)["events"]
    event = msgspec.convert(sent, WireEvent, strict=False)
    assert path == EVENT_PATH
    assert missing_field(event) is None
    day = sent["createdAt"][:10]
    assert f"analytics run --from {day} --to {day}" in TUTORIAL
