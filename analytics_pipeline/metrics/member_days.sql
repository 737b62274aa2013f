-- The days on which members may have done anything in their courses: no other day need be read.
SELECT DISTINCT level, CAST(unnest(generate_series(first_day, last_day, INTERVAL '1' DAY)) AS DATE) AS day
FROM (SELECT DISTINCT level, first_day, last_day FROM members) AS spans
