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
earned AS (
    SELECT c.window_days, t.course_id, currency, sum(sign * (sums ->> 'orders')::numeric) AS orders,
           sum(sign * (sums ->> 'gross')::numeric) AS gross,
           sum(sign * (sums ->> 'refunded')::numeric) AS refunded,
           sum(sign * (sums ->> 'net')::numeric) AS net
      FROM chosen AS c
     CROSS JOIN LATERAL (VALUES (1, c.last_week), (-1, c.first_week - 7)) AS ends (sign, week)
      JOIN analytics.course_to_date AS t
        ON t.week = (SELECT max(week) FROM analytics.course_to_date AS known WHERE known.week <= ends.week)
     CROSS JOIN jsonb_each(t.revenue) AS money (currency, sums)
     GROUP BY c.window_days, t.course_id, currency
),
money AS (
    SELECT window_days, course_id,
           jsonb_object_agg(currency, jsonb_build_object(
               'orders', orders, 'gross', gross, 'refunded', refunded, 'net', net)) AS revenue
      FROM earned
     WHERE orders > 0
     GROUP BY window_days, course_id
)
SELECT c.window_days, s.course_id, s.first_day, s.last_day, coalesce(n.learners, 0), coalesce(n.enrolled, 0),
       coalesce(n.completed, 0), coalesce(n.mature, 0), coalesce(n.mature_completed, 0),
       coalesce(m.revenue, '{}'), %(as_of)s, now(), %(run_id)s
  FROM span AS s
 CROSS JOIN chosen AS c
  LEFT JOIN counted AS n ON n.window_days = c.window_days AND n.course_id = s.course_id
  LEFT JOIN money AS m ON m.window_days = c.window_days AND m.course_id = s.course_id
 ORDER BY c.window_days, s.course_id
