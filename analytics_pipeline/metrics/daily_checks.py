"""What must hold of new rows of the daily tables before they are published.

Each check counts its violations, in the transaction that publishes. They read `pg_temp.measured_day(day,
events, learner_day_events, repeated_ids)`, which the publication fills from the lake's files for the days
that it replaces.
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
