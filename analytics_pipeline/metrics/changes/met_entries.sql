-- What was told of the learners met, and of those who did not sign in: without lessons and quizzes where nobody asks.
--
-- Entries lie by their last day, so that those of learners long gone are not read: their row groups hold none of the
-- last days of these.
WITH in_lessons AS (
    SELECT course_id, learner_id, last_day
    FROM met_learners
    WHERE with_lessons
),
in_courses AS (
    SELECT course_id, learner_id, last_day
    FROM met_learners
    WHERE NOT with_lessons
)
SELECT *
FROM told_entries
SEMI JOIN in_lessons USING (course_id, learner_id, last_day)
UNION ALL
SELECT * REPLACE (NULL AS lessons, NULL AS quizzes)
FROM told_entries
SEMI JOIN in_courses USING (course_id, learner_id, last_day)
UNION ALL
SELECT *
FROM told_entries
WHERE learner_id IS NULL
