"""What must hold of new rows of the cohort tables before they are published.

Each check names the courses that break it, in the transaction that publishes. They read
`pg_temp.unknown_refund`, the refunds of no known order, and `pg_temp.expected`, how many learners and orders
there are of each course.
"""

from analytics_pipeline.database.checks import Check


def _reconciled(table: str, counted: str, kind: str, *kinds: str) -> str:
    """The courses of which all that will stand in the table does not add up to what is expected of a kind."""
    return f"""
        SELECT course_id
          FROM (
              SELECT * FROM pg_temp.expected WHERE kind IN ({", ".join(f"'{each}'" for each in kinds)})
          ) AS known
          LEFT JOIN (
              SELECT course_id, kind, sum(counted) AS counted
                FROM (
                    SELECT course_id, {kind} AS kind, {counted} AS counted FROM new_{table}
                    UNION ALL
                    SELECT course_id, {kind}, {counted}
                      FROM analytics.{table}
                     WHERE cohort_day >= (SELECT min(kept_since) FROM pg_temp.expected)
                       AND (course_id, cohort_day) NOT IN (
                           SELECT course_id, cohort_day FROM pg_temp.moved_{table}
                       )
                ) AS part
               GROUP BY course_id, kind
          ) AS standing USING (course_id, kind)
         WHERE coalesce(standing.counted, 0) <> known.counted
    """  # noqa: S608  # names of ours


COHORT_CHECKS = (
    Check(
        "lesson_rates_within_bounds",
        "Completers, and learners whose furthest lesson it is, are viewers of the lesson.",
        """
        SELECT course_id
          FROM new_lesson_cohort
         WHERE completers NOT BETWEEN 0 AND viewers
            OR least(stopped, active, finished) < 0
            OR stopped + active + finished > viewers
        """,
        by_course=True,
    ),
    Check(
        "reach_is_monotone",
        "Whoever was active in a lesson has reached it; reach never rises from one lesson to the next.",
        """
        SELECT course_id
          FROM (
              SELECT course_id, viewers,
                     sum(stopped + active + finished) OVER (
                         PARTITION BY course_id, cohort_day ORDER BY lesson_idx DESC
                     ) AS reach
                FROM new_lesson_cohort
          ) AS reached
         WHERE viewers > reach
        """,
        by_course=True,
    ),
    Check(
        "lesson_learners_reconcile",
        "Over all cohort days of a course, furthest lessons are as many as learners who came to a lesson.",
        _reconciled("lesson_cohort", "stopped + active + finished", "'lessons'", "lessons"),
        by_course=True,
    ),
    Check(
        "funnel_learners_reconcile",
        "Over all cohort days of a course, as many came to a funnel as viewed, enrolled or bought.",
        _reconciled(
            "course_funnel",
            "entered + coalesce(already_enrolled, 0)",
            "funnel",
            *("discovery", "completion", "purchase"),
        ),
        by_course=True,
    ),
    Check(
        "orders_reconcile",
        "Over all cohort days of a course, orders are as many as were placed.",
        _reconciled("course_refund", "orders", "'orders'", "orders"),
        by_course=True,
    ),
    Check(
        "quiz_rates_within_bounds",
        "Learners who passed at first are among those who ever passed, and these among those who attempted.",
        """
        SELECT course_id
          FROM new_quiz_cohort
         WHERE first_attempt_passers NOT BETWEEN 0 AND best_attempt_passers
            OR best_attempt_passers > attempters
            OR attempts < 0
        """,
        by_course=True,
    ),
    Check(
        "funnel_states_add_up",
        "Everyone who entered a funnel is converted, open or dropped, and nobody is two of these.",
        """
        SELECT course_id
          FROM new_course_funnel
         WHERE entered <> converted + open + dropped
            OR least(converted, open, dropped) < 0
            OR converted <> CASE WHEN funnel = 'completion' THEN step_2 ELSE step_3 END
            OR open > entered - mature
            OR dropped > mature
            OR (funnel = 'completion') <> (step_3 IS NULL)
        """,
        by_course=True,
    ),
    Check(
        "refunds_within_bounds",
        "Refunded and mature orders are orders; what is given back was paid, and net is what is left.",
        """
        SELECT course_id
          FROM new_course_refund
         WHERE refunded_orders NOT BETWEEN 0 AND orders
            OR mature_orders NOT BETWEEN 0 AND orders
            OR mature_refunded_orders NOT BETWEEN 0 AND least(mature_orders, refunded_orders)
            OR refunded NOT BETWEEN 0 AND gross
            OR net <> gross - refunded
        """,
        by_course=True,
    ),
    Check(
        "unknown_refunds_reconcile",
        "The refunds of no known order that course_refund counts are those that wait in quarantine.",
        """
        SELECT course_id
          FROM (SELECT course_id, cohort_day, sum(unknown_refunds) AS refunds
                  FROM new_course_refund GROUP BY 1, 2 HAVING sum(unknown_refunds) > 0) AS counted
          FULL JOIN (SELECT course_id, day AS cohort_day, count(*) AS refunds
                       FROM pg_temp.unknown_refund GROUP BY 1, 2) AS found
            USING (course_id, cohort_day)
         WHERE counted.refunds IS DISTINCT FROM found.refunds
        """,
        by_course=True,
    ),
    Check(
        "funnel_rates_within_bounds",
        "Nobody reaches a step without the one before, neither of all entrants nor of the mature ones.",
        """
        SELECT course_id
          FROM new_course_funnel
         WHERE NOT (
               step_2 BETWEEN 0 AND entered
           AND coalesce(step_3 BETWEEN 0 AND step_2, TRUE)
           AND mature BETWEEN 0 AND entered
           AND mature_step_2 BETWEEN 0 AND least(mature, step_2)
           AND coalesce(mature_step_3 BETWEEN 0 AND least(mature_step_2, step_3), TRUE)
           AND coalesce(refunded BETWEEN 0 AND entered, TRUE)
           AND coalesce(already_enrolled >= 0, TRUE)
         )
        """,
        by_course=True,
    ),
)
