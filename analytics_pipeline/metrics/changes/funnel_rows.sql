-- What course_funnel counts of moved_entrants, in the form of learner days, as the entries met and orders_met tell it.
--
-- Of each the first view and all enrolments and completions, with their orders in rows of their own, and the lessons
-- where the catalogue requires some, each with its first completion. Of others, what names these orders, without who
-- they are.
WITH taken AS (
    SELECT course_id, learner_id, lesson_day, unnest(lessons) AS lesson
    FROM met
    SEMI JOIN moved_entrants USING (course_id, learner_id)
    SEMI JOIN required_lessons USING (course_id)
),
came AS (
    SELECT *
    FROM met
    SEMI JOIN moved_entrants USING (course_id, learner_id)
)
SELECT
    view_day AS day, course_id, NULL AS lesson_idx, NULL AS quiz_id, learner_id, course_view_at AS first_at,
    NULL AS completed_at, course_view_at, NULL AS enroll_at, NULL AS complete_at, NULL AS purchases, NULL AS refunds
FROM came
WHERE view_day IS NOT NULL
UNION ALL
SELECT enrol_day, course_id, NULL, NULL, learner_id, list_min(enroll_at), NULL, NULL, enroll_at, NULL, NULL, NULL
FROM came
WHERE enrol_day IS NOT NULL
UNION ALL
SELECT last_day, course_id, NULL, NULL, learner_id, list_min(complete_at), NULL, NULL, NULL, complete_at, NULL, NULL
FROM came
WHERE len(complete_at) > 0
UNION ALL
SELECT
    lesson_day, course_id, lesson.lesson_idx, NULL, learner_id, lesson.first_at, lesson.completed_at, NULL, NULL, NULL,
    NULL, NULL
FROM taken
UNION ALL
SELECT
    day, course_id, NULL, NULL, CASE WHEN NOT is_refund THEN learner_id END, entry.at, NULL, NULL, NULL, NULL,
    CASE WHEN NOT is_refund THEN [entry] END, CASE WHEN is_refund THEN [entry] END
FROM orders_met
WHERE is_refund OR (course_id, learner_id) IN (SELECT (course_id, learner_id) FROM moved_entrants)
