WITH
    learner AS (
        SELECT course_id, learner_id, minIf(day, lesson_idx >= 0) AS cohort_day, max(lesson_idx) AS furthest,
               max(last_at) >= {as_of:DateTime64(6, 'UTC')} - INTERVAL 168 HOUR AS is_active,
               max(notEmpty(complete_at)) AS is_complete
        FROM learner_day
        WHERE learner_id != '' AND first_at < {as_of:DateTime64(6, 'UTC')}
        GROUP BY course_id, learner_id
    ),
    learner_lesson AS (
        SELECT course_id, lesson_idx, learner_id, max(completions) > 0 AS is_completed
        FROM learner_day
        WHERE learner_id != '' AND lesson_idx >= 0 AND first_at < {as_of:DateTime64(6, 'UTC')}
        GROUP BY course_id, lesson_idx, learner_id
    )
SELECT s.course_id AS course_id, s.lesson_idx AS lesson_idx, l.cohort_day AS cohort_day, count() AS viewers,
       countIf(is_completed) AS completers,
       countIf(s.lesson_idx = furthest AND NOT is_complete AND NOT is_active) AS stopped,
       countIf(s.lesson_idx = furthest AND NOT is_complete AND is_active) AS active,
       countIf(s.lesson_idx = furthest AND is_complete) AS finished
FROM learner_lesson AS s
JOIN learner AS l ON l.course_id = s.course_id AND l.learner_id = s.learner_id
GROUP BY course_id, lesson_idx, cohort_day
