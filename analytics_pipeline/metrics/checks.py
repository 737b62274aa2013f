"""What must hold of new rows before they are published; evaluated in the transaction that publishes them.

Each check counts its violations. The daily ones read `pg_temp.measured_day(day, events, learner_day_events,
repeated_ids)`, which the publication fills from the lake's files for the days that it replaces; the cohort
ones read `pg_temp.unknown_refund`, the refunds of no known order.
"""

from analytics_pipeline.database.checks import Check

DAILY_CHECKS = (
    Check(
        "sealed_events_reconcile",
        "Each day's events and excluded in event_day are exactly the events that the lake holds of it.",
        """
        SELECT count(*)
          FROM pg_temp.measured_day AS m
          LEFT JOIN (SELECT day, sum(events + excluded) AS counted FROM new_event_day GROUP BY day) AS e
            USING (day)
          LEFT JOIN analytics.lake_day AS l USING (day)
         WHERE coalesce(e.counted, 0) IS DISTINCT FROM l.events OR m.events IS DISTINCT FROM l.events
        """,
    ),
    Check(
        "learner_days_reconcile",
        "Each day's learner days hold exactly the events that count and name a course.",
        """
        SELECT count(*)
          FROM pg_temp.measured_day AS m
          LEFT JOIN (
              SELECT day, sum(events) AS counted FROM new_event_day WHERE course_id IS NOT NULL GROUP BY day
          ) AS e USING (day)
         WHERE coalesce(e.counted, 0) <> m.learner_day_events
        """,
    ),
    Check(
        "no_repeated_events",
        "No event id is there twice within a day.",
        "SELECT coalesce(sum(repeated_ids), 0)::bigint FROM pg_temp.measured_day",
    ),
    Check(
        "course_daily_reconciles",
        "Events of course_daily are those of event_day, type by type.",
        """
        SELECT count(*)
          FROM new_course_daily AS c
          FULL JOIN (
              SELECT course_id, day,
                     sum(events) FILTER (WHERE event_type = 'course_view') AS course_views,
                     sum(events) FILTER (WHERE event_type = 'lesson_viewed') AS views,
                     sum(events) FILTER (WHERE event_type = 'lesson_completed') AS lesson_completions,
                     sum(events) FILTER (WHERE event_type = 'quiz_attempted') AS quiz_attempts,
                     sum(events) FILTER (WHERE event_type = 'quiz_passed') AS quiz_passes
                FROM new_event_day
               WHERE course_id IS NOT NULL AND events > 0
               GROUP BY course_id, day
          ) AS e USING (course_id, day)
         WHERE ROW(c.course_views, c.views, c.lesson_completions, c.quiz_attempts, c.quiz_passes)
               IS DISTINCT FROM
               ROW(coalesce(e.course_views, 0), coalesce(e.views, 0), coalesce(e.lesson_completions, 0),
                   coalesce(e.quiz_attempts, 0), coalesce(e.quiz_passes, 0))
        """,
    ),
    Check(
        "lesson_daily_reconciles",
        "The views of a course's lessons add up to the course's, and so do the views of their hours.",
        """
        SELECT count(*)
          FROM new_course_daily AS c
          FULL JOIN (
              SELECT course_id, day, sum(views) AS views,
                     sum((SELECT sum(hour) FROM unnest(views_by_hour) AS hour)) AS hours
                FROM new_lesson_daily
               GROUP BY course_id, day
          ) AS l USING (course_id, day)
         WHERE c.views IS DISTINCT FROM coalesce(l.views, 0) OR coalesce(l.views, 0) <> coalesce(l.hours, 0)
        """,
    ),
    Check(
        "lesson_daily_is_plausible",
        "Completers, attempters and measured learners are viewers, passers are attempters, times fit.",
        """
        SELECT count(*)
          FROM new_lesson_daily
         WHERE NOT (
               completers BETWEEN 0 AND viewers
           AND quiz_attempters BETWEEN 0 AND viewers
           AND quiz_passers BETWEEN 0 AND quiz_attempters
           AND measured_learners BETWEEN 0 AND viewers
           AND measured_learners = (
               SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(active_ms_hist)
           )
           AND (measured_learners = 0) = (active_ms_median IS NULL)
           AND (measured_learners = 0) = (active_ms_p90 IS NULL)
           AND coalesce(active_ms_median <= active_ms_p90, TRUE)
           AND coalesce(active_ms_p90 <= active_ms_sum, active_ms_sum = 0)
           AND cardinality(views_by_hour) = 25
         )
        """,
    ),
    Check(
        "course_daily_is_plausible",
        "Learners who enrolled or completed are learners of the day.",
        """
        SELECT count(*)
          FROM new_course_daily
         WHERE enrolments NOT BETWEEN 0 AND learners OR completions NOT BETWEEN 0 AND learners
        """,
    ),
)

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
