-- Who may belong to a moved cohort: whoever came first on its day, and whoever an order of its day names.
--
-- With the first and the last day on which the member did anything in the course.
SELECT m.level, e.course_id, e.learner_id, e.first_day, e.last_day
FROM entries AS e
JOIN moved_cohorts AS m ON m.level = 'lesson' AND m.course_id = e.course_id AND m.cohort_day = e.lesson_day
WHERE e.learner_id IS NOT NULL
UNION ALL
SELECT DISTINCT m.level, q.course_id, q.learner_id, q.first_day, q.last_day
FROM (
    SELECT course_id, learner_id, first_day, last_day, unnest(quizzes).day AS quiz_day
    FROM entries
    WHERE learner_id IS NOT NULL
) AS q
JOIN moved_cohorts AS m ON m.level = 'quiz' AND m.course_id = q.course_id AND m.cohort_day = q.quiz_day
UNION ALL
SELECT 'course', course_id, learner_id, first_day, last_day
FROM entries AS e
WHERE learner_id IS NOT NULL AND (
    (course_id, view_day) IN (SELECT (course_id, cohort_day) FROM moved_cohorts WHERE level = 'course')
    OR (course_id, enrol_day) IN (SELECT (course_id, cohort_day) FROM moved_cohorts WHERE level = 'course')
    OR (course_id, learner_id) IN (
        SELECT (o.course_id, o.learner_id)
        FROM known_orders AS o
        JOIN moved_cohorts AS m ON m.level = 'course' AND m.course_id = o.course_id AND m.cohort_day = o.day
        WHERE o.learner_id IS NOT NULL
    )
)
