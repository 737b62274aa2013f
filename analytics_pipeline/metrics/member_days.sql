-- The days that hold what is read of members, by the table that is counted from it: no other day need be read.
SELECT DISTINCT level, CAST(unnest(generate_series(first_day, last_day, INTERVAL '1' DAY)) AS DATE) AS day
FROM (
    SELECT DISTINCT CASE WHEN level = 'judged' THEN 'lesson' ELSE level END AS level, first_day, last_day
    FROM members
    WHERE level <> 'course'
) AS spans
