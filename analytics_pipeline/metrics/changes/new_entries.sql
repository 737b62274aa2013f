-- When learners came first to a course, its lessons and its quizzes: of those whom days_to_add name.
--
-- One row for a learner in a course, of what met_entries tell of them and what the days add. lesson_day, view_day,
-- enrol_day: the first day of a lesson, a course view and an enrolment. first_day, last_day, last_at: the first and last
-- of anything. course_view_at: the first view; enroll_at, complete_at: every instant of one. lessons: each lesson with
-- its first event and first completion. quizzes: the first day of each, with the lowest lesson it was seen in. A row
-- without a learner holds the quizzes of those who did not sign in. number: of the row of base_entries that this one
-- stands for. All of these are firsts, lasts and sets: to add a day that was told before in part, or as a whole, is as
-- right as to add a new one.
WITH added AS (
    SELECT DISTINCT course_id, learner_id
    FROM days_to_add
),
met AS (
    SELECT *
    FROM met_entries AS m
    SEMI JOIN added AS a ON a.course_id = m.course_id AND a.learner_id IS NOT DISTINCT FROM m.learner_id
),
lessons AS (
    SELECT
        course_id, learner_id, lesson_idx, min(first_at) AS first_at, min(completed_at) AS completed_at
    FROM (
        SELECT course_id, learner_id, lesson.lesson_idx, lesson.first_at, lesson.completed_at
        FROM (SELECT course_id, learner_id, unnest(lessons) AS lesson FROM met) AS told
        UNION ALL
        SELECT course_id, learner_id, lesson_idx, first_at, completed_at
        FROM days_to_add
        WHERE lesson_idx IS NOT NULL AND learner_id IS NOT NULL
    ) AS taken
    GROUP BY course_id, learner_id, lesson_idx
),
quizzes AS (
    SELECT
        course_id, learner_id, quiz_id, min(lesson_idx) AS lesson_idx, min(day) AS day
    FROM (
        SELECT course_id, learner_id, quiz.quiz_id, quiz.lesson_idx, quiz.day
        FROM (SELECT course_id, learner_id, unnest(quizzes) AS quiz FROM met) AS told
        UNION ALL
        SELECT course_id, learner_id, quiz_id, lesson_idx, day
        FROM days_to_add
        WHERE attempts + passes > 0
    ) AS tried
    GROUP BY course_id, learner_id, quiz_id, CASE WHEN quiz_id IS NULL THEN lesson_idx END
),
parts AS (
    SELECT
        number, course_id, learner_id, lesson_day, view_day, enrol_day, first_day, last_day, last_at, course_view_at,
        enroll_at, complete_at, NULL AS lessons, NULL AS quizzes
    FROM met
    UNION ALL
    SELECT
        NULL, course_id, learner_id,
        CASE WHEN lesson_idx IS NOT NULL THEN day END,
        CASE WHEN course_view_at IS NOT NULL THEN day END,
        CASE WHEN len(enroll_at) > 0 THEN day END,
        day, day, last_at, course_view_at, enroll_at, complete_at, NULL, NULL
    FROM days_to_add
    WHERE learner_id IS NOT NULL
    UNION ALL
    SELECT
        NULL, course_id, learner_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        list({'lesson_idx': lesson_idx, 'first_at': first_at, 'completed_at': completed_at}), NULL
    FROM lessons
    GROUP BY course_id, learner_id
    UNION ALL
    SELECT
        NULL, course_id, learner_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        list({'quiz_id': quiz_id, 'lesson_idx': lesson_idx, 'day': day})
    FROM quizzes
    GROUP BY course_id, learner_id
)
SELECT
    max(number) AS number, course_id, learner_id, min(lesson_day) AS lesson_day, min(view_day) AS view_day,
    min(enrol_day) AS enrol_day, min(first_day) AS first_day, max(last_day) AS last_day, max(last_at) AS last_at,
    min(course_view_at) AS course_view_at,
    list_sort(list_distinct(flatten(list(enroll_at) FILTER (WHERE len(enroll_at) > 0)))) AS enroll_at,
    list_sort(list_distinct(flatten(list(complete_at) FILTER (WHERE len(complete_at) > 0)))) AS complete_at,
    any_value(lessons) AS lessons,
    any_value(quizzes) AS quizzes
FROM parts
GROUP BY course_id, learner_id
