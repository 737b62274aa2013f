-- The days that hold what is read of quiz_takers: no other day need be read.
SELECT DISTINCT CAST(unnest(generate_series(first_day, last_day, INTERVAL '1' DAY)) AS DATE) AS day
FROM (SELECT DISTINCT first_day, last_day FROM quiz_takers) AS spans
