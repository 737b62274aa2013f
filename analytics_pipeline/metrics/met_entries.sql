-- What was told of those of whom this night asks more than their days, in one reading of all: of the learners of the
-- changed days, of those who became quiet between $last_as_of and $as_of unless they are among these, of those with a
-- refunded order, and of those who did not sign in.
SELECT *
FROM told_entries
WHERE learner_id IS NULL
   OR (course_id, learner_id) IN (
       SELECT (course_id, learner_id) FROM moved_learners
       UNION ALL
       SELECT (course_id, learner_id) FROM refunded_learners
   )
   OR (
       last_at >= $last_as_of - $quiet_days * INTERVAL '24' HOUR
       AND last_at < $as_of - $quiet_days * INTERVAL '24' HOUR
   )
