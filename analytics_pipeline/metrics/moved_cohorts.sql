-- The cohorts whose rows may differ from those published as of $last_as_of: more than do differ, never fewer.
--
-- Level quiz: of quiz_cohort; level course: of course_funnel and course_refund. A learner of a changed day belonged to
-- the cohorts that met_entries tell of, or to those of a changed day, and now belongs to one of these. An order that
-- was refunded tells how far its learner had come by then, so that it moves with whatever they did. Then there are the
-- days on which a window began that has ended meanwhile, and all days on which an order is named that a changed day
-- names.
-- Those of days before $kept_since are frozen.
-- All cohorts of a course move when it was set aside last time, when its first refund shows that it does send
-- refunds, and when a quiz turns up in a lower lesson than it is published in.
WITH came AS (
    SELECT e.course_id, e.learner_id, e.view_day, e.enrol_day, e.quizzes, m.came_to_course
    FROM met_entries AS e
    JOIN moved_learners AS m ON m.course_id = e.course_id AND m.learner_id = e.learner_id
),
tried AS (
    SELECT DISTINCT course_id, learner_id, quiz_id, CASE WHEN quiz_id IS NULL THEN lesson_idx END AS unnamed_in
    FROM changed_days
    WHERE attempts + passes > 0 AND learner_id IS NOT NULL
),
tried_before AS (
    SELECT course_id, learner_id, quiz.quiz_id, quiz.day, CASE WHEN quiz.quiz_id IS NULL THEN quiz.lesson_idx END AS unnamed_in
    FROM (SELECT course_id, learner_id, unnest(quizzes) AS quiz FROM came) AS told
),
first_days AS (
    SELECT 'quiz' AS level, b.course_id, b.day
    FROM tried_before AS b
    JOIN tried AS t
        ON t.course_id = b.course_id AND t.learner_id = b.learner_id AND t.quiz_id IS NOT DISTINCT FROM b.quiz_id
        AND t.unnamed_in IS NOT DISTINCT FROM b.unnamed_in
    UNION ALL
    SELECT 'course', course_id, unnest([view_day, enrol_day])
    FROM came
    WHERE came_to_course
),
changed_orders AS (
    SELECT DISTINCT course_id, order_id
    FROM known_orders
    WHERE list_contains($changed_on, day)
),
moved_purchases AS (
    SELECT p.course_id, p.day
    FROM known_orders AS p
    JOIN moved_learners AS m ON m.course_id = p.course_id AND m.learner_id = p.learner_id
    LEFT JOIN (SELECT DISTINCT course_id, order_id FROM known_orders WHERE is_refund) AS r
        ON r.course_id = p.course_id AND r.order_id = p.order_id
    WHERE NOT p.is_refund AND (m.came_to_course OR r.order_id IS NOT NULL)
),
whole_courses AS (
    SELECT course_id
    FROM stale_courses
    UNION
    SELECT c.course_id
    FROM changed_days AS c
    JOIN silent_courses AS s ON s.course_id = c.course_id
    WHERE len(c.refunds) > 0
    UNION
    SELECT c.course_id
    FROM changed_days AS c
    JOIN known_quizzes AS k ON k.course_id = c.course_id AND k.quiz_id = c.quiz_id
    WHERE c.attempts + c.passes > 0 AND c.lesson_idx < coalesce(k.lesson_idx, 2147483647)
),
ended AS (
    SELECT
        e.course_id, e.day, e.first_at, e.last_at, e.purchases,
        coalesce(w.window_days, $funnel_window_days) * INTERVAL '24' HOUR AS funnel_window,
        $refund_window_days * INTERVAL '24' HOUR AS refund_window
    FROM ending_days AS e
    LEFT JOIN funnel_windows AS w ON w.course_id = e.course_id
    WHERE e.lesson_idx IS NULL AND e.quiz_id IS NULL
)
SELECT DISTINCT level, course_id, cohort_day
FROM (
    SELECT level, course_id, day AS cohort_day
    FROM first_days
    UNION ALL
    SELECT 'course', course_id, day
    FROM moved_purchases
    UNION ALL
    SELECT 'quiz', course_id, day
    FROM changed_days
    WHERE attempts + passes > 0
    UNION ALL
    SELECT 'course', course_id, day
    FROM changed_days
    WHERE lesson_idx IS NULL AND quiz_id IS NULL
    UNION ALL
    SELECT 'course', course_id, day
    FROM ended
    WHERE (first_at <= $as_of - funnel_window AND last_at > $last_as_of - funnel_window)
       OR (len(purchases) > 0 AND first_at <= $as_of - refund_window AND last_at > $last_as_of - refund_window)
    UNION ALL
    SELECT 'course', course_id, day
    FROM known_orders
    SEMI JOIN changed_orders USING (course_id, order_id)
    UNION ALL
    SELECT unnest(['quiz', 'course']), course_id, day
    FROM learner_days
    SEMI JOIN whole_courses USING (course_id)
) AS found
WHERE cohort_day >= $kept_since
