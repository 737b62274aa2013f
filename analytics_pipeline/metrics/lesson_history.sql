-- Learner days from which the moved cohorts of lesson_cohort can be counted, and no others.
SELECT day, course_id, lesson_idx, learner_id, first_at, last_at, completions, complete_at
FROM days_of_lesson
SEMI JOIN (SELECT course_id, learner_id FROM members WHERE level = 'lesson') AS m USING (course_id, learner_id)
