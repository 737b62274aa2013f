-- Who belongs to a moved cohort of course_funnel or course_refund: whoever came first on its day, and whoever an order
-- of its day names. None of them did anything last before the first of these days.
WITH moved_days AS (
    SELECT course_id, cohort_day
    FROM moved_cohorts
    WHERE level = 'course'
)
SELECT
    course_id, learner_id, view_day, enrol_day, last_day, course_view_at, enroll_at, complete_at
FROM entries
WHERE learner_id IS NOT NULL AND last_day >= (SELECT min(cohort_day) FROM moved_days) AND (
    (course_id, view_day) IN (SELECT (course_id, cohort_day) FROM moved_days)
    OR (course_id, enrol_day) IN (SELECT (course_id, cohort_day) FROM moved_days)
    OR (course_id, learner_id) IN (
        SELECT (o.course_id, o.learner_id)
        FROM known_orders AS o
        JOIN moved_days AS m ON m.course_id = o.course_id AND m.cohort_day = o.day
        WHERE o.learner_id IS NOT NULL
    )
)
