-- The learners whose share in course_funnel may differ from what it was as of $last_as_of: more than do, never fewer.
--
-- Those of a changed day who came to the course, those who bought an order that such a day names, and those whose window
-- ended meanwhile. And all learners of a course that was set aside last time.
WITH ended AS (
    SELECT
        e.course_id, e.learner_id, e.first_at, e.last_at,
        coalesce(w.window_days, $funnel_window_days) * INTERVAL '24' HOUR AS funnel_window
    FROM ending_days AS e
    LEFT JOIN funnel_windows AS w ON w.course_id = e.course_id
    WHERE e.lesson_idx IS NULL AND e.quiz_id IS NULL
),
named AS (
    SELECT course_id, order_id
    FROM known_orders
    WHERE NOT was_told
)
SELECT course_id, learner_id
FROM (
    SELECT course_id, learner_id
    FROM moved_learners
    WHERE came_to_course
    UNION
    SELECT course_id, learner_id
    FROM ended
    WHERE first_at <= $as_of - funnel_window AND last_at > $last_as_of - funnel_window
    UNION
    SELECT course_id, learner_id
    FROM known_orders
    SEMI JOIN named USING (course_id, order_id)
    WHERE NOT is_refund
    UNION
    SELECT course_id, learner_id
    FROM told_entries
    SEMI JOIN stale_courses USING (course_id)
) AS found
WHERE learner_id IS NOT NULL
