-- The days on which they did anything in their courses: there is no need to read more of any other day.
SELECT DISTINCT m.level, p.day
FROM learner_days AS p
JOIN members AS m ON m.course_id = p.course_id AND m.learner_id = p.learner_id
