-- The learners of the days that changed since the last publication, each in a course.
--
-- came_to_course: on one of these days they did what an entry of the course can tell: something that is of no lesson,
-- or anything at all where the catalogue requires lessons.
SELECT
    c.course_id, c.learner_id,
    max((c.lesson_idx IS NULL AND c.quiz_id IS NULL) OR r.course_id IS NOT NULL) AS came_to_course
FROM changed_days AS c
LEFT JOIN (SELECT DISTINCT course_id FROM required_lessons) AS r ON r.course_id = c.course_id
WHERE c.learner_id IS NOT NULL
GROUP BY c.course_id, c.learner_id
