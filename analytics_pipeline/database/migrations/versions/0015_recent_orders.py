"""Name a second file of orders, so that a night writes those of its days and not all; state required lessons.

`progress_sum` adds up exactly by as many lessons as the catalogue requires. The definition of course_funnel has
changed with it: the next publication counts every cohort, and fills the column. The file that is named tells
orders in another form: it is made anew, and the garbage collection removes it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

RECENT = "The same of days that changed since that file was written; null where none did."
REQUIRED = "Lessons that the catalogue requires; null like completed_required."

FORGET = "UPDATE analytics.cohort_publication SET order_file = NULL, entry_file = NULL"


def upgrade() -> None:
    column = sa.Column("recent_order_file", sa.Text(), comment=RECENT)
    op.add_column("cohort_publication", column, schema="analytics")
    required = sa.Column("required_lessons", sa.Integer(), comment=REQUIRED)
    op.add_column("course_funnel", required, schema="analytics")
    op.execute(FORGET)


def downgrade() -> None:
    op.drop_column("course_funnel", "required_lessons", schema="analytics")
    op.drop_column("cohort_publication", "recent_order_file", schema="analytics")
    op.execute(FORGET)
