"""Makes the days that are measured: one file of events each, a line an event, as the inbox holds them."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from analytics_pipeline.simulate import simulate

DAY = date(2026, 3, 4)
START_US = int(datetime(2026, 3, 4, tzinfo=UTC).timestamp()) * 1_000_000

# No two events share a learner and a lesson: each one is a learner day of its own. Four events a learner.
_WORST = f"""
    WITH numbered AS (
        SELECT range AS n, range // 4 AS learner, range % 4 AS step, hash(range) % 1000 AS dice,
               hash(range // 8, 'pair') % 1000 AS pair_dice
          FROM range($events)),
    kinds AS (
        SELECT *,
               CASE WHEN step = 0 AND pair_dice < 60 AND learner % 2 = 0 THEN 'purchase'
                    WHEN step = 0 AND pair_dice < 15 THEN 'refund'
                    WHEN step = 0 AND dice < 120 THEN 'course_view'
                    WHEN step = 0 AND dice < 240 THEN 'enroll'
                    WHEN step = 0 AND dice < 280 THEN 'complete'
                    WHEN dice < 550 THEN 'lesson_viewed'
                    WHEN dice < 800 THEN 'lesson_time'
                    WHEN dice < 900 THEN 'lesson_completed'
                    WHEN dice < 960 THEN 'quiz_attempted'
                    ELSE 'quiz_passed' END AS event_type,
               (hash(learner, 'lesson') + 7 * step) % 40 AS lesson,
               {START_US} + (hash(learner, 'time') % 79200 + 1800 * step + hash(n, 'gap') % 1200) * 1000000
                   + hash(n, 'us') % 1000000 AS occurred_at
          FROM numbered)
    SELECT md5('worst' || n)::UUID AS event_id, event_type, 'learner-' || learner AS learner_id,
           'course-' || hash(learner // 2, 'course') % 50 AS course_id,
           CASE WHEN starts_with(event_type, 'lesson_') OR starts_with(event_type, 'quiz_')
                THEN lesson::INTEGER END AS lesson_idx,
           CASE WHEN event_type = 'lesson_time' THEN '{{"activeMs":' || 1000 + hash(n, 'ms') % 620000 || '}}'
                WHEN starts_with(event_type, 'quiz_') THEN
                     '{{"quizId":"quiz-' || lesson || '","score":' || dice % 100 || ',"attempt":1}}'
                WHEN event_type IN ('purchase', 'refund') THEN
                     '{{"orderId":"order-' || learner // 2 || '","amount":"49.00","currency":"EUR"}}'
                ELSE '{{}}' END::JSON AS metadata,
           occurred_at::BIGINT AS occurred_at, occurred_at::BIGINT + 150000 AS received_at, 0 AS skew_us
      FROM kinds
     ORDER BY occurred_at
"""  # noqa: S608  # constants of this module

# A simulated day as often as it takes, each time with learners, orders and events of its own.
_REALISTIC = """
    SELECT md5(played.event_id || ' ' || copy)::UUID AS event_id, event_type,
           learner_id || '-' || copy AS learner_id, course_id, lesson_idx,
           regexp_replace(metadata, '"orderId":"([^"]*)', '"orderId":"\\1-' || copy)::JSON AS metadata,
           occurred_at, occurred_at + 150000 AS received_at, 0 AS skew_us
      FROM (SELECT *, row_number() OVER () AS line
              FROM read_ndjson($played, columns = {event_id: 'VARCHAR', event_type: 'VARCHAR',
                   learner_id: 'VARCHAR', course_id: 'VARCHAR', lesson_idx: 'INTEGER', metadata: 'VARCHAR',
                   occurred_at: 'BIGINT'})) AS played,
           (SELECT range AS copy FROM range($copies)) AS copies
     WHERE copy * $lines + line <= $events
     ORDER BY occurred_at
"""
COURSES, LEARNERS, PLAYED_DAYS, SEED = 20, 8_000, 30, 7


def worst(events: int, path: Path) -> None:
    """A day on which every learner, lesson and day is distinct."""
    _write(_WORST, {"events": events}, path)


def realistic(events: int, path: Path) -> None:
    """A day of the simulated platform, with as many learners as make up this many events."""
    played = path.with_suffix(".played")
    lines = 0
    with played.open("w", encoding="utf-8") as file:
        for event in simulate(COURSES, LEARNERS, PLAYED_DAYS, SEED, DAY, ZoneInfo("UTC")):
            if event["createdAt"].startswith(str(DAY)):
                file.write(json.dumps(_stored(event)) + "\n")
                lines += 1
    copies = -(-events // lines)
    _write(_REALISTIC, {"played": str(played), "copies": copies, "lines": lines, "events": events}, path)
    played.unlink()


DAYS: dict[str, Callable[[int, Path], None]] = {"worst": worst, "realistic": realistic}


def _stored(event: dict[str, object]) -> dict[str, object]:
    at = datetime.fromisoformat(str(event["createdAt"]))
    return {
        "event_id": event["id"],
        "event_type": event["eventType"],
        "learner_id": event.get("userId"),
        "course_id": event.get("courseId"),
        "lesson_idx": event.get("lessonIdx"),
        "metadata": json.dumps(event.get("metadata", {}), separators=(",", ":")),
        "occurred_at": round(at.timestamp() * 1000) * 1000,
    }


def _write(sql: str, parameters: dict[str, object], path: Path) -> None:
    with duckdb.connect(config={"temp_directory": str(path.parent), "memory_limit": "4GB"}) as duck:
        duck.execute("SET enable_progress_bar = false")
        duck.execute(f"COPY ({sql}) TO $path (FORMAT json)", {**parameters, "path": str(path)})
