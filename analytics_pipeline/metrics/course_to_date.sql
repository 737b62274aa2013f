-- Running totals per course at the end of each week of cohort days, Monday to Sunday: learners, completion, money.
--
-- Sums of course_week and, by the order's day, of course_refund. A course has a row for every week from its first
-- to the last of any course, so that a range of weeks is the difference of two rows, however long it is.
-- Written in PostgreSQL's dialect, since it reads what is published.
INSERT INTO analytics.course_to_date
    (week, course_id, learners, enrolled, completed, mature, mature_completed, revenue, as_of, computed_at, run_id)
WITH sold AS (
    SELECT date_trunc('week', cohort_day)::date AS week, course_id, coalesce(currency, '') AS currency,
           sum(orders) AS orders, sum(gross) AS gross, sum(refunded) AS refunded, sum(net) AS net
      FROM analytics.course_refund
     GROUP BY 1, 2, 3
    HAVING sum(orders) > 0
),
begun AS (
    SELECT course_id, min(week) AS first_week, max(week) AS last_week
      FROM (
          SELECT course_id, week FROM analytics.course_week UNION ALL SELECT course_id, week FROM sold
      ) AS known
     GROUP BY course_id
),
weeks AS (
    SELECT course_id, week::date
      FROM begun
     CROSS JOIN generate_series(first_week, (SELECT max(last_week) FROM begun), interval '7 days') AS week
),
counted AS (
    SELECT course_id, week, sum(learners) OVER so_far AS learners, sum(enrolled) OVER so_far AS enrolled,
           sum(completed) OVER so_far AS completed, sum(mature) OVER so_far AS mature,
           sum(mature_completed) OVER so_far AS mature_completed
      FROM weeks LEFT JOIN analytics.course_week USING (course_id, week)
    WINDOW so_far AS (PARTITION BY course_id ORDER BY week)
),
earned AS (
    SELECT course_id, week, currency, sum(orders) OVER so_far AS orders, sum(gross) OVER so_far AS gross,
           sum(refunded) OVER so_far AS refunded, sum(net) OVER so_far AS net
      FROM weeks
      JOIN (SELECT DISTINCT course_id, currency FROM sold) AS currencies USING (course_id)
      LEFT JOIN sold USING (course_id, week, currency)
    WINDOW so_far AS (PARTITION BY course_id, currency ORDER BY week)
),
money AS (
    SELECT course_id, week,
           jsonb_object_agg(currency, jsonb_build_object(
               'orders', orders, 'gross', gross, 'refunded', refunded, 'net', net)) AS revenue
      FROM earned
     WHERE orders > 0
     GROUP BY course_id, week
)
SELECT week, course_id, coalesce(learners, 0), coalesce(enrolled, 0), coalesce(completed, 0), coalesce(mature, 0),
       coalesce(mature_completed, 0), coalesce(revenue, '{}'), %(as_of)s, now(), %(run_id)s
  FROM counted LEFT JOIN money USING (course_id, week)
 -- A range reads all courses of two weeks: let these lie together.
 ORDER BY week, course_id
