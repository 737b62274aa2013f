-- On which days the learners who moved were in their courses, and what they did there that makes an entry.
--
-- Moved have the learners of days that changed since $last_as_of was published, and those who became quiet between
-- $last_as_of and $as_of, of whom only the lessons matter. Windows that ended meanwhile name their cohort days
-- themselves.
WITH moved AS (
    SELECT course_id, learner_id, max(has_come) AS has_come
    FROM (
        SELECT DISTINCT course_id, learner_id, TRUE AS has_come
        FROM changed_days
        UNION ALL
        SELECT DISTINCT course_id, learner_id, FALSE
        FROM ending_days
        WHERE last_at >= $last_as_of - $quiet_days * INTERVAL '24' HOUR
          AND last_at < $as_of - $quiet_days * INTERVAL '24' HOUR
    ) AS found
    GROUP BY course_id, learner_id
)
SELECT
    p.course_id, p.learner_id, p.day, p.lesson_idx, p.quiz_id,
    list_contains($changed_on, p.day) AS is_changed,
    m.has_come AND p.attempts + p.passes > 0 AS is_quiz,
    m.has_come AND p.course_view_at IS NOT NULL AS is_view,
    m.has_come AND len(p.enroll_at) > 0 AS is_enrolment,
    m.has_come AND len(p.purchases) > 0 AS is_purchase
FROM learner_days AS p
JOIN moved AS m ON m.course_id = p.course_id AND m.learner_id = p.learner_id
