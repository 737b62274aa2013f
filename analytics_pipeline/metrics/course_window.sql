-- Every course over the last 7, 30 and 90 days before as-of, and over all days (window_days 0).
--
-- Rates of persons go by whole weeks, Monday to Sunday, of cohort days: a window counts every week that its days
-- touch. Money goes by the same weeks, of the order's day. Money of different currencies is never added.
-- Written in PostgreSQL's dialect, since it reads what is published.
INSERT INTO analytics.course_window
    (window_days, course_id, first_day, last_day, learners, enrolled, completed, mature, mature_completed,
     revenue, as_of, computed_at, run_id)
WITH span AS (
    SELECT course_id, min(day) AS first_day, max(day) AS last_day
      FROM analytics.course_daily
     GROUP BY course_id
),
chosen AS (
    SELECT days AS window_days,
           CASE WHEN days > 0 THEN date_trunc('week', %(last_day)s::date - (days - 1))::date
                ELSE '-infinity'::date END AS first_week,
           CASE WHEN days > 0 THEN date_trunc('week', %(last_day)s::date)::date
                ELSE 'infinity'::date END AS last_week
      FROM unnest(ARRAY[0, 7, 30, 90]) AS days
),
counted AS (
    SELECT c.window_days, w.course_id, sum(w.learners) AS learners, sum(w.enrolled) AS enrolled,
           sum(w.completed) AS completed, sum(w.mature) AS mature, sum(w.mature_completed) AS mature_completed
      FROM chosen AS c
      JOIN analytics.course_week AS w ON w.week BETWEEN c.first_week AND c.last_week
     GROUP BY c.window_days, w.course_id
),
sold AS (
    SELECT date_trunc('week', cohort_day)::date AS week, course_id, coalesce(currency, '') AS currency,
           sum(orders) AS orders, sum(gross) AS gross, sum(refunded) AS refunded, sum(net) AS net
      FROM analytics.course_refund
     GROUP BY 1, 2, 3
    HAVING sum(orders) > 0
),
money AS (
    SELECT window_days, course_id,
           jsonb_object_agg(currency, jsonb_build_object(
               'orders', orders, 'gross', gross, 'refunded', refunded, 'net', net)) AS revenue
      FROM (
          SELECT c.window_days, s.course_id, s.currency, sum(s.orders) AS orders, sum(s.gross) AS gross,
                 sum(s.refunded) AS refunded, sum(s.net) AS net
            FROM chosen AS c
            JOIN sold AS s ON s.week BETWEEN c.first_week AND c.last_week
           GROUP BY c.window_days, s.course_id, s.currency
      ) AS by_currency
     GROUP BY window_days, course_id
)
SELECT c.window_days, s.course_id, s.first_day, s.last_day, coalesce(n.learners, 0), coalesce(n.enrolled, 0),
       coalesce(n.completed, 0), coalesce(n.mature, 0), coalesce(n.mature_completed, 0),
       coalesce(m.revenue, '{}'), %(as_of)s, now(), %(run_id)s
  FROM span AS s
 CROSS JOIN chosen AS c
  LEFT JOIN counted AS n ON n.window_days = c.window_days AND n.course_id = s.course_id
  LEFT JOIN money AS m ON m.window_days = c.window_days AND m.course_id = s.course_id
