-- The days on which the members did anything in their courses: no other day need be read as a whole.
SELECT DISTINCT m.level, p.day
FROM learner_days AS p
JOIN members AS m ON m.course_id = p.course_id AND m.learner_id = p.learner_id
