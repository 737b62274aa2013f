"""The course catalogue, completion by required lessons, refunds of no order, and what numbers rest on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COMPUTED_AT = "When this row was published."
RUN_ID = "The Dagster run that published this row."


def upgrade() -> None:
    _make_catalogue()
    _make_cohort_publication()
    _extend_course_funnel()
    # The next publication of the cohort tables replaces every row, and counts then.
    op.add_column(
        "course_refund",
        sa.Column(
            "unknown_refunds",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Refunds of this day that name no order of the course; in quarantine.",
        ),
        schema="analytics",
    )
    op.alter_column("course_refund", "unknown_refunds", server_default=None, schema="analytics")
    for name, comment in {
        "learner_definition": "Hash of the SQL that made the learner-day files.",
        "published_definition": "Hash of the SQL that made the published rows of the day.",
    }.items():
        op.add_column("lake_day", sa.Column(name, sa.Text(), comment=comment), schema="analytics")
    op.alter_column(
        "quarantine",
        "reason",
        schema="ingest",
        comment="Why; `conflict`: its id was taken, `unknown_order`: a refund of no order.",
    )


def _make_catalogue() -> None:
    op.create_table(
        "course",
        sa.Column("course_id", sa.Text(), nullable=False, comment="Course, as events name it."),
        sa.Column("title", sa.Text(), comment="Its title; null where the catalogue gives none."),
        sa.Column(
            "funnel_window_days",
            sa.Integer(),
            comment="Days after entry within which a funnel step counts; null: those of the settings.",
        ),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False, comment=COMPUTED_AT),
        sa.Column("run_id", sa.Text(), nullable=False, comment=RUN_ID),
        sa.PrimaryKeyConstraint("course_id"),
        schema="analytics",
        comment="The catalogue's courses. Optional: a course that is not here is shown by its id.",
    )
    op.create_table(
        "course_lesson",
        sa.Column("course_id", sa.Text(), nullable=False, comment="Course, as events name it."),
        sa.Column(
            "lesson_idx",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="Lesson, counted from 0: its place in the course, and its number in events.",
        ),
        sa.Column("title", sa.Text(), comment="Its title; null where the catalogue gives none."),
        sa.Column(
            "required",
            sa.Boolean(),
            nullable=False,
            comment="Whether the course is complete only with this lesson.",
        ),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False, comment=COMPUTED_AT),
        sa.Column("run_id", sa.Text(), nullable=False, comment=RUN_ID),
        sa.PrimaryKeyConstraint("course_id", "lesson_idx"),
        schema="analytics",
        comment="The catalogue's lessons. Optional: a lesson that is not here is shown by its number.",
    )


def _make_cohort_publication() -> None:
    op.create_table(
        "cohort_publication",
        sa.Column(
            "id",
            sa.Integer(),
            sa.CheckConstraint("id = 1"),
            autoincrement=False,
            nullable=False,
            comment="Always 1.",
        ),
        sa.Column(
            "definition",
            sa.Text(),
            nullable=False,
            comment="Hash of the SQL, windows and required lessons it rests on.",
        ),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the cohort tables were published last.",
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="The run that did."),
        sa.PrimaryKeyConstraint("id"),
        schema="analytics",
        comment="The last publication of the cohort tables, to tell why a number moved in the next one.",
    )


def _extend_course_funnel() -> None:
    comments = {
        "completed_required": (
            "Entrants who completed every required lesson within the window (completion only); null where the"
            " catalogue requires none."
        ),
        "progress_sum": (
            "Sum of the entrants' shares of required lessons completed; null like completed_required."
        ),
    }
    for name, comment in comments.items():
        op.alter_column("course_funnel", name, comment=comment, schema="analytics")
    for column in (
        sa.Column(
            "mature_completed_required",
            sa.BigInteger(),
            comment="Mature entrants who did; null like completed_required.",
        ),
        sa.Column("window_days", sa.Integer(), comment="Days after entry within which a step counted."),
    ):
        op.add_column("course_funnel", column, schema="analytics")
