WITH counted AS MATERIALIZED (
    SELECT course_id, learner_id, event_type, occurred_at,
           CASE WHEN event_type ~ '^(lesson|quiz)_' THEN lesson_idx END AS lesson_idx
      FROM plain.event
     WHERE occurred_at < %(day)s + interval '1 day' AND course_id IS NOT NULL AND learner_id IS NOT NULL
       AND coalesce(metadata ->> 'role', '') NOT IN ('staff', 'instructor', 'test')
), learner AS (
    SELECT course_id, learner_id, max(lesson_idx) AS furthest,
           (min(occurred_at) FILTER (WHERE lesson_idx IS NOT NULL))::date AS cohort_day,
           max(occurred_at) >= %(day)s + interval '1 day' - interval '168 hours' AS is_active,
           bool_or(event_type = 'complete') AS is_complete
      FROM counted GROUP BY course_id, learner_id
), learner_lesson AS (
    SELECT course_id, lesson_idx, learner_id, bool_or(event_type = 'lesson_completed') AS is_completed
      FROM counted WHERE lesson_idx IS NOT NULL GROUP BY course_id, lesson_idx, learner_id
)
SELECT course_id, lesson_idx, cohort_day, count(*) AS viewers, count(*) FILTER (WHERE is_completed) AS completers,
       count(*) FILTER (WHERE lesson_idx = furthest AND NOT is_complete AND NOT is_active) AS stopped,
       count(*) FILTER (WHERE lesson_idx = furthest AND NOT is_complete AND is_active) AS active,
       count(*) FILTER (WHERE lesson_idx = furthest AND is_complete) AS finished
  FROM learner_lesson JOIN learner USING (course_id, learner_id)
 GROUP BY course_id, lesson_idx, cohort_day
