-- What was received per site day, over all courses: sums of event_day.
--
-- Written in PostgreSQL's dialect, since it reads what is published.
INSERT INTO analytics.site_day
    (day, events, anonymous, excluded, duplicates, conflicts, rejected, computed_at, run_id)
SELECT day, sum(events), sum(anonymous), sum(excluded), sum(duplicates), sum(conflicts), sum(rejected),
       now(), %(run_id)s
  FROM analytics.event_day
 WHERE day = ANY(%(days)s)
 GROUP BY day
