WITH counted AS MATERIALIZED (
    SELECT course_id, learner_id, lesson_idx, event_type, occurred_at, metadata,
           first_value(occurred_at) OVER (
               PARTITION BY course_id, learner_id ORDER BY occurred_at
               RANGE BETWEEN interval '1 microsecond' FOLLOWING AND UNBOUNDED FOLLOWING) AS next_at
      FROM plain.event
     WHERE occurred_at >= %(day)s AND occurred_at < %(day)s + interval '1 day' AND course_id IS NOT NULL
       AND coalesce(metadata ->> 'role', '') NOT IN ('staff', 'instructor', 'test')
), of_lesson AS (
    SELECT * FROM counted WHERE lesson_idx IS NOT NULL AND event_type ~ '^(lesson|quiz)_'
), gaps AS (
    SELECT v.course_id, v.learner_id, v.lesson_idx,
           sum(floor(extract(epoch FROM v.next_at - v.occurred_at) * 1000)) AS gap_ms
      FROM (SELECT DISTINCT course_id, learner_id, lesson_idx, occurred_at, next_at
              FROM of_lesson WHERE event_type = 'lesson_viewed' AND learner_id IS NOT NULL) AS v
      LEFT JOIN (SELECT DISTINCT course_id, learner_id, lesson_idx, occurred_at
                   FROM of_lesson WHERE event_type = 'lesson_completed') AS c
        ON (c.course_id, c.learner_id, c.lesson_idx, c.occurred_at)
         = (v.course_id, v.learner_id, v.lesson_idx, v.next_at)
     WHERE v.next_at - v.occurred_at <= CASE WHEN c.course_id IS NULL THEN interval '30 minutes' ELSE interval '4 hours' END
     GROUP BY v.course_id, v.learner_id, v.lesson_idx
), reports AS (
    SELECT course_id, learner_id, lesson_idx, sum(floor((metadata ->> 'activeMs')::float)) AS reported_ms
      FROM of_lesson
     WHERE event_type = 'lesson_time' AND learner_id IS NOT NULL AND (metadata ->> 'activeMs')::float <= 600000
     GROUP BY course_id, learner_id, lesson_idx
), times AS (
    SELECT course_id, lesson_idx, coalesce(r.reported_ms, g.gap_ms)::bigint AS ms
      FROM reports AS r FULL JOIN gaps AS g USING (course_id, learner_id, lesson_idx)
), measured AS (
    SELECT course_id, lesson_idx, count(*) AS learners, sum(ms) AS total,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS median,
           percentile_disc(0.9) WITHIN GROUP (ORDER BY ms) AS p90
      FROM times GROUP BY course_id, lesson_idx
), histogram AS (
    SELECT course_id, lesson_idx, jsonb_object_agg(bucket, learners) AS hist
      FROM (SELECT course_id, lesson_idx, width_bucket(ms, %(lows)s::bigint[]) - 1 AS bucket, count(*) AS learners
              FROM times GROUP BY course_id, lesson_idx, bucket) AS buckets
     GROUP BY course_id, lesson_idx
), hours AS (
    SELECT course_id, lesson_idx, array_agg(views ORDER BY hour) AS views_by_hour
      FROM (SELECT l.course_id, l.lesson_idx, hour, coalesce(v.views, 0) AS views
              FROM (SELECT DISTINCT course_id, lesson_idx FROM of_lesson) AS l
             CROSS JOIN generate_series(0, 24) AS hour
              LEFT JOIN (SELECT course_id, lesson_idx, extract(hour FROM occurred_at)::int AS hour, count(*) AS views
                           FROM of_lesson WHERE event_type = 'lesson_viewed' GROUP BY 1, 2, 3) AS v
             USING (course_id, lesson_idx, hour)) AS every_hour
     GROUP BY course_id, lesson_idx
), persons AS (
    SELECT course_id, lesson_idx,
           count(*) FILTER (WHERE event_type = 'lesson_viewed') AS views,
           count(DISTINCT learner_id) AS viewers,
           count(DISTINCT learner_id) FILTER (WHERE event_type = 'lesson_completed') AS completers,
           count(*) FILTER (WHERE event_type = 'quiz_attempted') AS quiz_attempts,
           count(DISTINCT learner_id) FILTER (WHERE event_type IN ('quiz_attempted', 'quiz_passed')) AS quiz_attempters,
           count(DISTINCT learner_id) FILTER (WHERE event_type = 'quiz_passed') AS quiz_passers
      FROM of_lesson GROUP BY course_id, lesson_idx
)
SELECT course_id, lesson_idx, %(day)s AS day, views, viewers, completers, quiz_attempts, quiz_attempters, quiz_passers,
       coalesce(m.learners, 0) AS measured_learners, coalesce(m.total, 0) AS active_ms_sum,
       m.median AS active_ms_median, m.p90 AS active_ms_p90, coalesce(hist, '{}') AS active_ms_hist, views_by_hour
  FROM persons
  JOIN hours USING (course_id, lesson_idx)
  LEFT JOIN measured AS m USING (course_id, lesson_idx)
  LEFT JOIN histogram USING (course_id, lesson_idx)
