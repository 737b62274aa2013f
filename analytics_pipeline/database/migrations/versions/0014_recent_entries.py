"""Name a second file of entries, so that a night writes those that it met and not all of them.

The file that is named tells no lessons: the next night makes it anew, and the garbage collection removes it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BEFORE = (
    "File of the lake with the first days of all learners that were counted; null where none was written."
)
COMMENT = (
    "File of the lake with what learners did first and last in all learner days that were counted; null where"
    " none was written."
)
RECENT = "The same of learners who came since that file was written; null where nobody did."


def upgrade() -> None:
    column = sa.Column("recent_entry_file", sa.Text(), comment=RECENT)
    op.add_column("cohort_publication", column, schema="analytics")
    _tell_entries_anew(COMMENT)


def downgrade() -> None:
    op.drop_column("cohort_publication", "recent_entry_file", schema="analytics")
    _tell_entries_anew(BEFORE)


def _tell_entries_anew(comment: str) -> None:
    op.alter_column("cohort_publication", "entry_file", comment=comment, schema="analytics")
    op.execute("UPDATE analytics.cohort_publication SET entry_file = NULL")
