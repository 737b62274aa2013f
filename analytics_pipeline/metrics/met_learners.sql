-- Those of whom this night asks more than their days, each with the last day that was told of them: the learners of the
-- changed days, and those who became quiet between $last_as_of and $as_of unless they are among these.
SELECT course_id, learner_id, last_day
FROM told_entries
WHERE learner_id IS NOT NULL AND (
    (course_id, learner_id) IN (SELECT (course_id, learner_id) FROM moved_learners)
    OR (
        last_at >= $last_as_of - $quiet_days * INTERVAL '24' HOUR
        AND last_at < $as_of - $quiet_days * INTERVAL '24' HOUR
    )
)
