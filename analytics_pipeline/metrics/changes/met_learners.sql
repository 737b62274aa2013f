-- Those of whom this night asks more than their days, each with the last day that was told of them: the learners of the
-- changed days, those who became quiet between $last_as_of and $as_of unless they are among these, and those whose share in
-- a course may differ. with_lessons: what they did in lessons and quizzes is asked for as well, as of all in a course
-- that was set aside last time.
WITH whole_lessons AS (
    SELECT course_id FROM required_lessons
    UNION
    SELECT course_id FROM stale_courses
),
asked AS (
    SELECT course_id, learner_id, bool_or(with_lessons) AS with_lessons
    FROM (
        SELECT course_id, learner_id, TRUE AS with_lessons FROM moved_learners
        UNION ALL
        SELECT course_id, learner_id, course_id IN (FROM whole_lessons) FROM moved_entrants
        UNION ALL
        SELECT course_id, learner_id, is_refunded FROM buyers
    ) AS named
    GROUP BY course_id, learner_id
)
SELECT course_id, learner_id, last_day, is_quiet OR coalesce(with_lessons, FALSE) AS with_lessons
FROM (
    SELECT
        t.course_id, t.learner_id, t.last_day, a.with_lessons, a.learner_id IS NOT NULL AS is_asked,
        t.last_at >= $last_as_of - $quiet_days * INTERVAL '24' HOUR
            AND t.last_at < $as_of - $quiet_days * INTERVAL '24' HOUR AS is_quiet
    FROM told_entries AS t
    LEFT JOIN asked AS a ON a.course_id = t.course_id AND a.learner_id = t.learner_id
    WHERE t.learner_id IS NOT NULL
) AS told
WHERE is_asked OR is_quiet
