-- Learner days from which the moved cohorts of course_funnel and course_refund can be counted, and no others.
--
-- Of every entrant the first view and all enrolments and completions, with their orders in
-- rows of their own; the lessons of those for whom they count, each with its first event and first completion.
-- Of all others, what they have to do with the orders of these, and that a course sends refunds. A learner of whom
-- only such a part is here enters on no day of a moved cohort.
WITH needed_orders AS (
    SELECT DISTINCT o.course_id, o.order_id
    FROM known_orders AS o
    LEFT JOIN entrants AS m ON m.course_id = o.course_id AND m.learner_id = o.learner_id
    WHERE o.learner_id IS NULL OR m.learner_id IS NOT NULL
),
days_of_needed_orders AS (
    SELECT DISTINCT course_id, learner_id, day
    FROM known_orders
    SEMI JOIN needed_orders USING (course_id, order_id)
)
SELECT
    view_day AS day, course_id, NULL AS lesson_idx, NULL AS quiz_id, learner_id, course_view_at AS first_at,
    NULL AS completed_at, course_view_at, NULL AS enroll_at, NULL AS complete_at, NULL AS purchases, NULL AS refunds
FROM entrants
WHERE view_day IS NOT NULL
UNION ALL
SELECT enrol_day, course_id, NULL, NULL, learner_id, list_min(enroll_at), NULL, NULL, enroll_at, NULL, NULL, NULL
FROM entrants
WHERE enrol_day IS NOT NULL
UNION ALL
SELECT last_day, course_id, NULL, NULL, learner_id, list_min(complete_at), NULL, NULL, NULL, complete_at, NULL, NULL
FROM entrants
WHERE len(complete_at) > 0
UNION ALL
SELECT
    lesson_day, course_id, lesson_idx, NULL, learner_id, first_at, completed_at, NULL, NULL, NULL, NULL, NULL
FROM judged_lessons
UNION ALL
SELECT
    r.day, r.course_id, NULL, NULL, r.learner_id, r.first_at, NULL, NULL, NULL, NULL, r.purchases, r.refunds
FROM tying_rows AS r
LEFT JOIN entrants AS m ON m.course_id = r.course_id AND m.learner_id = r.learner_id
LEFT JOIN days_of_needed_orders AS n
    ON n.course_id = r.course_id AND n.learner_id = r.learner_id AND n.day = r.day
WHERE r.learner_id IS NULL OR m.learner_id IS NOT NULL OR len(r.refunds) > 0 OR n.day IS NOT NULL
