"""What the platform says of its courses, where it offers a catalogue."""

from sqlalchemy import Boolean, Column, Integer, Table, Text

from analytics_pipeline.database.tables.columns import metadata, provenance

course = Table(
    "course",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course, as events name it."),
    Column("title", Text, comment="Its title; null where the catalogue gives none."),
    Column(
        "funnel_window_days",
        Integer,
        comment="Days after entry within which a funnel step counts; null: those of the settings.",
    ),
    *provenance(),
    schema="analytics",
    comment="The catalogue's courses. Optional: a course that is not here is shown by its id.",
)

course_lesson = Table(
    "course_lesson",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course, as events name it."),
    Column(
        "lesson_idx",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="Lesson, counted from 0: its place in the course, and its number in events.",
    ),
    Column("title", Text, comment="Its title; null where the catalogue gives none."),
    Column(
        "required", Boolean, nullable=False, comment="Whether the course is complete only with this lesson."
    ),
    *provenance(),
    schema="analytics",
    comment="The catalogue's lessons. Optional: a lesson that is not here is shown by its number.",
)
