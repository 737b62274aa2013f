-- The learners whose numbers may differ from those published as of $last_as_of, each in a course.
--
-- Those of days that changed since, and those who became quiet between $last_as_of and $as_of. came_to_course: on
-- one of these days they did what an entry of the course can tell: something that is of no lesson, or anything at all
-- where the catalogue requires lessons.
SELECT course_id, learner_id, max(has_come) AS has_come, max(came_to_course) AS came_to_course
FROM (
    SELECT
        c.course_id, c.learner_id, TRUE AS has_come,
        (c.lesson_idx IS NULL AND c.quiz_id IS NULL) OR r.course_id IS NOT NULL AS came_to_course
    FROM changed_days AS c
    LEFT JOIN (SELECT DISTINCT course_id FROM required_lessons) AS r ON r.course_id = c.course_id
    WHERE c.learner_id IS NOT NULL
    UNION ALL
    SELECT course_id, learner_id, FALSE, FALSE
    FROM ending_days
    WHERE learner_id IS NOT NULL
      AND last_at >= $last_as_of - $quiet_days * INTERVAL '24' HOUR
      AND last_at < $as_of - $quiet_days * INTERVAL '24' HOUR
) AS found
GROUP BY course_id, learner_id
