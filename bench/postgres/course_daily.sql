SELECT course_id, occurred_at::date AS day,
       count(DISTINCT learner_id) AS learners,
       count(*) FILTER (WHERE event_type = 'course_view') AS course_views,
       count(*) FILTER (WHERE event_type = 'lesson_viewed') AS views,
       count(*) FILTER (WHERE event_type = 'lesson_completed') AS lesson_completions,
       count(*) FILTER (WHERE event_type = 'quiz_attempted') AS quiz_attempts,
       count(*) FILTER (WHERE event_type = 'quiz_passed') AS quiz_passes,
       count(DISTINCT learner_id) FILTER (WHERE event_type = 'enroll') AS enrolments,
       count(DISTINCT learner_id) FILTER (WHERE event_type = 'complete') AS completions,
       count(DISTINCT coalesce(metadata ->> 'orderId', event_id)) FILTER (WHERE event_type = 'purchase') AS purchases,
       count(DISTINCT coalesce(metadata ->> 'orderId', event_id)) FILTER (WHERE event_type = 'refund') AS refunds
  FROM plain.event
 WHERE occurred_at >= %(day)s AND occurred_at < %(day)s + interval '1 day' AND course_id IS NOT NULL
   AND coalesce(metadata ->> 'role', '') NOT IN ('staff', 'instructor', 'test')
 GROUP BY course_id, day
