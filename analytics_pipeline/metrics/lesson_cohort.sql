-- Where learners are and where they stop, per lesson and cohort day; counts add up over cohort days.
--
-- Cohort day: the day of the learner's first lesson activity in the course. Furthest: the highest lesson in which
-- the learner was active, a quiz of it included.
-- viewers: learners with any activity in the lesson; completers: those of them with lesson_completed.
-- finished: learners whose furthest lesson this is and who completed the course. stopped: the same, not complete,
-- with no event in the course for 7 days (of 24 hours) before as-of. active: the same, but with one.
--
-- Metrics
-- lesson completion rate = completers / viewers.
-- reach(L) = stopped + active + finished of L and all lessons after it.
-- drop-off = stopped(L) / (reach(L) - active(L)): a learner who is still active is not lost.
WITH known AS (
    SELECT day, course_id, lesson_idx, learner_id, last_at, completions, complete_at
    FROM learner_days
    WHERE learner_id IS NOT NULL AND first_at < $as_of
),
learners AS (
    SELECT
        course_id, learner_id,
        min(CASE WHEN lesson_idx IS NOT NULL THEN day END) AS cohort_day,
        max(lesson_idx) AS furthest,
        max(last_at) >= $as_of - $quiet_days * INTERVAL '24' HOUR AS is_active,
        max(CASE WHEN array_length(complete_at) > 0 THEN 1 ELSE 0 END) = 1 AS is_complete
    FROM known
    GROUP BY course_id, learner_id
),
learner_lessons AS (
    SELECT course_id, lesson_idx, learner_id, max(completions) > 0 AS is_completed
    FROM known
    WHERE lesson_idx IS NOT NULL
    GROUP BY course_id, lesson_idx, learner_id
)
SELECT
    s.course_id, s.lesson_idx, l.cohort_day,
    count(*) AS viewers,
    count(*) FILTER (WHERE s.is_completed) AS completers,
    count(*) FILTER (WHERE s.lesson_idx = l.furthest AND NOT l.is_complete AND NOT l.is_active) AS stopped,
    count(*) FILTER (WHERE s.lesson_idx = l.furthest AND NOT l.is_complete AND l.is_active) AS active,
    count(*) FILTER (WHERE s.lesson_idx = l.furthest AND l.is_complete) AS finished,
    $as_of AS as_of
FROM learner_lessons AS s
JOIN learners AS l ON l.course_id = s.course_id AND l.learner_id = s.learner_id
GROUP BY s.course_id, s.lesson_idx, l.cohort_day
