-- What was told of the learners met, and of those who did not sign in.
--
-- Entries lie by their last day, so that those of learners long gone are not read: their row groups hold none of the
-- last days of these.
SELECT *
FROM told_entries
SEMI JOIN met_learners USING (course_id, learner_id, last_day)
UNION ALL
SELECT *
FROM told_entries
WHERE learner_id IS NULL
