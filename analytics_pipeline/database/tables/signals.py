"""What the rules found, and when they looked."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from analytics_pipeline.database.tables.columns import count, metadata, provenance

signal = Table(
    "signal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("rule", Text, nullable=False, comment="The rule that fired."),
    Column("course_id", Text, nullable=False, comment="Course."),
    Column("lesson_idx", Integer, comment="Lesson; null where the finding is about the course or a quiz."),
    Column("quiz_id", Text, comment="Quiz; null where the finding is not about a named quiz."),
    Column("opened_at", Date, nullable=False, comment="As-of day on which the rule fired first."),
    Column(
        "last_seen_at", Date, nullable=False, comment="Latest as-of day on which it was evaluated and held."
    ),
    Column("resolved_at", Date, comment="As-of day on which it ceased to hold; null while open."),
    Column("severity", Text, nullable=False, comment="warning or critical."),
    Column("value", Double, nullable=False, comment="The rate that was found."),
    Column("threshold", Double, nullable=False, comment="The rate at which the rule fires."),
    Column(
        "evidence", JSONB, nullable=False, comment="Counts and interval from which it can be checked by hand."
    ),
    *provenance(),
    Index("signal_by_course", "course_id"),
    UniqueConstraint(
        "rule", "course_id", "lesson_idx", "quiz_id", "opened_at", postgresql_nulls_not_distinct=True
    ),
    schema="analytics",
    comment="Findings that call for attention: one row per life, from opened to resolved.",
)

signal_evaluation = Table(
    "signal_evaluation",
    metadata,
    Column("as_of", Date, primary_key=True, comment="As-of day on which the rules were evaluated."),
    count("assessed", "Lessons, quizzes and courses with enough learners to be judged."),
    count("opened", "Signals that opened on this day."),
    count("resolved", "Signals that resolved on this day."),
    *provenance(),
    schema="analytics",
    comment="When the rules were evaluated: once per as-of day, in order.",
)
