SELECT occurred_at::date AS day, course_id, event_type,
       count(*) FILTER (WHERE NOT is_excluded) AS events,
       count(*) FILTER (WHERE NOT is_excluded AND learner_id IS NULL) AS anonymous,
       count(*) FILTER (WHERE is_excluded) AS excluded
  FROM (SELECT *, coalesce(metadata ->> 'role', '') IN ('staff', 'instructor', 'test') AS is_excluded
          FROM plain.event
         WHERE occurred_at >= %(day)s AND occurred_at < %(day)s + interval '1 day') AS received
 GROUP BY day, course_id, event_type
