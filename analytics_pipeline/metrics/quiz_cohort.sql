-- Quiz results per quiz and cohort day; counts add up over cohort days.
--
-- A quiz is its quizId within the course, else its lesson (quiz_id is then null). lesson_idx of a named quiz is the
-- lowest lesson in which it was seen. Cohort day: the day of the learner's first attempt or pass of the quiz.
-- attempters: learners who attempted or passed it; a pass without an attempt counts as an attempt.
-- first_attempt_passers: those with a pass that says it was attempt 1, else whose earliest pass came before their
-- second attempt (at one instant the attempt comes first). best_attempt_passers: those who ever passed.
-- attempts: quiz_attempted events of these learners.
--
-- Metrics
-- first-attempt pass rate = first_attempt_passers / attempters.
-- best-attempt pass rate = best_attempt_passers / attempters.
-- failure rate = 1 - each of the two.
WITH known AS (
    SELECT
        day, course_id, learner_id, lesson_idx, attempts, attempt_at, pass_at, passed_attempt_1,
        coalesce(quiz_id, '') AS quiz,
        CASE WHEN quiz_id IS NULL THEN lesson_idx ELSE -1 END AS unnamed_in
    FROM learner_days
    WHERE attempts + passes > 0 AND first_at < $as_of
),
quizzes AS (
    SELECT course_id, quiz, unnamed_in, min(lesson_idx) AS lesson_idx
    FROM known
    GROUP BY course_id, quiz, unnamed_in
),
tries AS (
    SELECT
        course_id, quiz, unnamed_in, learner_id, try.at AS tried_at,
        row_number() OVER (PARTITION BY course_id, quiz, unnamed_in, learner_id ORDER BY try.at) AS ordinal
    FROM (
        SELECT course_id, quiz, unnamed_in, learner_id, unnest(attempt_at) AS try
        FROM known
        WHERE learner_id IS NOT NULL
    ) AS attempted
),
learners AS (
    SELECT
        course_id, quiz, unnamed_in, learner_id,
        min(day) AS cohort_day,
        sum(attempts) AS attempts,
        min(pass_at) AS pass_at,
        max(CASE WHEN passed_attempt_1 THEN 1 ELSE 0 END) = 1 AS passed_attempt_1
    FROM known
    WHERE learner_id IS NOT NULL
    GROUP BY course_id, quiz, unnamed_in, learner_id
),
results AS (
    SELECT
        l.course_id, l.quiz, l.unnamed_in, l.cohort_day, l.attempts,
        l.pass_at IS NOT NULL AS passed,
        l.pass_at IS NOT NULL AND (l.passed_attempt_1 OR t.tried_at IS NULL OR l.pass_at < t.tried_at) AS passed_first
    FROM learners AS l
    LEFT JOIN tries AS t
        ON t.course_id = l.course_id AND t.quiz = l.quiz AND t.unnamed_in = l.unnamed_in
        AND t.learner_id = l.learner_id AND t.ordinal = 2
)
SELECT
    r.course_id,
    nullif(r.quiz, '') AS quiz_id,
    q.lesson_idx, r.cohort_day,
    count(*) AS attempters,
    count(*) FILTER (WHERE r.passed_first) AS first_attempt_passers,
    count(*) FILTER (WHERE r.passed) AS best_attempt_passers,
    CAST(sum(r.attempts) AS BIGINT) AS attempts,
    $as_of AS as_of
FROM results AS r
JOIN quizzes AS q ON q.course_id = r.course_id AND q.quiz = r.quiz AND q.unnamed_in = r.unnamed_in
GROUP BY r.course_id, r.quiz, r.unnamed_in, q.lesson_idx, r.cohort_day
