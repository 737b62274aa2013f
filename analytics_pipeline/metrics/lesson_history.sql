-- Learner days from which the moved cohorts of lesson_cohort can be counted, and no others.
--
-- Those of every learner who belongs to one of them, and of those whose lessons course_history tells of: such a
-- learner enters on no day of a moved cohort, or belongs to it.
SELECT day, course_id, lesson_idx, learner_id, first_at, last_at, completions, completed_at, complete_at
FROM days_of_lesson
SEMI JOIN (SELECT course_id, learner_id FROM members WHERE level IN ('lesson', 'judged')) AS m
    USING (course_id, learner_id)
