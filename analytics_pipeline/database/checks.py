"""Conditions on the rows of a publication, and what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection


@dataclass(frozen=True)
class Check:
    """A condition on the new rows: `sql` counts its violations, and 0 lets the publication through.

    It may read the new rows as `new_<table>`, the published tables as they were, and `analytics.lake_day`.
    With `by_course` it gives the course of each violation instead of their number: what is wrong with one
    course then holds back that course alone.
    """

    name: str
    description: str
    sql: str
    by_course: bool = False


@dataclass(frozen=True)
class CheckResult:
    """What a check found."""

    name: str
    description: str
    violations: int
    courses: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether there was no violation."""
        return self.violations == 0


class CheckFailedError(Exception):
    """New rows broke a check: nothing was published, and the old rows stand."""

    def __init__(self, results: Sequence[CheckResult]) -> None:
        failed = [f"{each.name} ({each.violations})" for each in results if not each.passed]
        super().__init__(f"Not published, the old numbers stand: violations of {', '.join(failed)}.")
        self.results = list(results)


def evaluate(connection: Connection, check: Check) -> CheckResult:
    """Look for violations among the new rows, in the transaction that publishes them."""
    if check.by_course:
        courses = [course for (course,) in connection.execute(check.sql.encode())]
        return CheckResult(check.name, check.description, len(courses), tuple(sorted(set(courses))))
    row = connection.execute(check.sql.encode()).fetchone()
    if row is None or not isinstance(row[0], int):
        raise TypeError(f"The check {check.name} must return one integer.")
    return CheckResult(check.name, check.description, row[0])
