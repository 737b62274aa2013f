"""The last publication of the cohort tables: as of when it was, and what has changed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import Connection
from psycopg.rows import class_row

# Every publication renews course_window as a whole, so that its as-of is the last one's.
_READ = """
    SELECT p.definition, p.published_at, p.order_file, p.recent_order_file, p.entry_file,
           p.recent_entry_file,
           (SELECT max(as_of) FROM analytics.course_window) AS as_of,
           coalesce((SELECT max(reconciled_at) FROM analytics.lake_day) > p.published_at, FALSE)
               AS days_came_since,
           coalesce(p.published_at > now(), FALSE) AS is_ahead_of_the_clock,
           ARRAY(SELECT course_id FROM analytics.publication_failure WHERE day IS NULL) AS set_aside
      FROM (VALUES (1)) AS one (id)
      LEFT JOIN analytics.cohort_publication AS p USING (id)
"""
_CHANGED = """
    SELECT day FROM analytics.lake_day
     WHERE day <= %(as_of)s
       AND (day > %(last)s OR reconciled_at >= %(since)s
            OR published_version IS DISTINCT FROM version OR learner_version IS DISTINCT FROM version)
     ORDER BY day
"""
_SET = """
    INSERT INTO analytics.cohort_publication
        (id, definition, published_at, run_id, order_file, recent_order_file, entry_file, recent_entry_file)
    VALUES (1, %(definition)s, now(), %(run_id)s, %(order_file)s, %(recent_order_file)s, %(entry_file)s,
            %(recent_entry_file)s)
    ON CONFLICT (id) DO UPDATE
        SET definition = excluded.definition, published_at = excluded.published_at, run_id = excluded.run_id,
            order_file = excluded.order_file, recent_order_file = excluded.recent_order_file,
            entry_file = excluded.entry_file, recent_entry_file = excluded.recent_entry_file
"""
_FORGET = """
    UPDATE analytics.cohort_publication AS p
       SET order_file = NULL, recent_order_file = NULL, entry_file = NULL, recent_entry_file = NULL
      FROM (SELECT * FROM analytics.cohort_publication FOR UPDATE) AS named
     WHERE p.id = named.id
 RETURNING array_remove(ARRAY[named.order_file, named.recent_order_file, named.entry_file,
                                named.recent_entry_file], NULL)
"""


@dataclass(frozen=True)
class LookupFiles:
    """The files of the lake in which a night looks up what learners did on earlier days, by name.

    `base_orders` and `recent_orders` hold the orders of all learner days that were counted; `base_entries`
    and `recent_entries` what learners did first and last in them.
    """

    base_orders: str | None = None
    recent_orders: str | None = None
    base_entries: str | None = None
    recent_entries: str | None = None

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        return [name for name in vars(self).values() if name is not None]


@dataclass(frozen=True)
class LastPublication:
    """What the cohort tables rest on; without a definition they never were published, or it was forgotten.

    A course that was set aside keeps older rows (None: all of them do).
    """

    definition: str | None
    published_at: datetime | None
    order_file: str | None
    recent_order_file: str | None
    entry_file: str | None
    recent_entry_file: str | None
    as_of: datetime | None
    days_came_since: bool
    is_ahead_of_the_clock: bool
    set_aside: Sequence[str | None]

    @property
    def lookups(self) -> LookupFiles:
        """What the next night may look up."""
        return LookupFiles(self.order_file, self.recent_order_file, self.entry_file, self.recent_entry_file)

    @property
    def stale_courses(self) -> list[str]:
        """The courses that keep older rows."""
        return [course for course in self.set_aside if course is not None]


def last_publication(connection: Connection) -> LastPublication:
    """How the cohort tables stand."""
    with connection.cursor(row_factory=class_row(LastPublication)) as cursor:
        return cursor.execute(_READ).fetchall()[0]


def set_publication(connection: Connection, definition: str, run_id: str, lookups: LookupFiles) -> None:
    """The cohort tables are published; to be called in the transaction that publishes them."""
    parameters = {
        "definition": definition,
        "run_id": run_id,
        "order_file": lookups.base_orders,
        "recent_order_file": lookups.recent_orders,
        "entry_file": lookups.base_entries,
        "recent_entry_file": lookups.recent_entries,
    }
    connection.execute(_SET, parameters)


def forget_lookups(connection: Connection) -> list[str]:
    """Let the next night read every day; to be called once days are let go of that these files tell of.

    Returns the names of the files that are to be removed after that.
    """
    return [name for (names,) in connection.execute(_FORGET) for name in names]


def forget_publication(connection: Connection) -> None:
    """Let the next publication count every cohort; to be called where learner days lose what they held.

    What learner days gain need not be told: the catalogue shows which days have changed.
    """
    connection.execute("DELETE FROM analytics.cohort_publication")


def changed_days(connection: Connection, last: LastPublication, last_day: date, as_of: date) -> list[date]:
    """Days up to `as_of` whose learner days may not be those that were counted last, as of `last_day`."""
    parameters = {"as_of": as_of, "last": last_day, "since": last.published_at}
    return [day for (day,) in connection.execute(_CHANGED, parameters)]
