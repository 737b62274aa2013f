-- Activity per lesson and site day. Persons are learner-days and are never summed over days.
--
-- views, quiz_attempts: lesson_viewed and quiz_attempted events, anonymous ones included.
-- viewers: learners with any activity in the lesson, a quiz of it included. completers: those of them with
-- lesson_completed. quiz_attempters: learners who attempted or passed a quiz of the lesson; quiz_passers: those
-- of them who passed one.
-- Time: a learner's day in a lesson counts its lesson_time reports (one over 10 minutes is dropped); without
-- reports, the gaps from each lesson_viewed to the learner's next event in the course within the site day, left
-- out when over 30 minutes, or over 4 hours where the next event completes the lesson. measured_learners have
-- the one or the other; the coverage is measured_learners / viewers. An unmeasured view is never 0.
-- active_ms_sum, _median, _p90: over the totals of the measured learners, by nearest rank; null without any.
-- active_ms_hist: measured learners per logarithmic bucket of milliseconds, for medians over ranges of days.
-- views_by_hour: views per hour since the day's first instant, 25 entries (a day may have 23 to 25 hours).
--
-- Metrics
-- time per lesson = median, 90th percentile and mean (active_ms_sum / measured_learners) of the measured learners'
--   milliseconds on a day; over a range, of learner-days, from the summed histograms, within 5 %.
-- coverage of time = measured_learners / viewers.
-- activity by hour = views_by_hour.
WITH learner_lessons AS (
    SELECT
        day, course_id, lesson_idx, learner_id,
        max(completions) AS completions,
        max(attempts + passes) AS quiz_events,
        max(passes) AS passes
    FROM learner_days
    WHERE lesson_idx IS NOT NULL AND learner_id IS NOT NULL
    GROUP BY day, course_id, lesson_idx, learner_id
),
persons AS (
    SELECT
        day, course_id, lesson_idx,
        count(*) AS viewers,
        count(*) FILTER (WHERE completions > 0) AS completers,
        count(*) FILTER (WHERE quiz_events > 0) AS quiz_attempters,
        count(*) FILTER (WHERE passes > 0) AS quiz_passers
    FROM learner_lessons
    GROUP BY day, course_id, lesson_idx
),
-- A learner's time in a lesson is all in one row: that of the lesson itself, not of a quiz in it.
measured AS (
    SELECT
        day, course_id, lesson_idx,
        CASE WHEN reported_n > 0 THEN reported_ms ELSE gap_ms END AS active_ms
    FROM learner_days
    WHERE lesson_idx IS NOT NULL AND learner_id IS NOT NULL AND reported_n + gap_n > 0
),
times AS (
    SELECT
        day, course_id, lesson_idx,
        count(*) AS learners,
        sum(active_ms) AS active_ms_sum,
        list_sort(array_agg(active_ms)) AS ordered_ms
    FROM measured
    GROUP BY day, course_id, lesson_idx
),
buckets AS (
    SELECT m.day, m.course_id, m.lesson_idx, b.bucket, count(*) AS learners
    FROM measured AS m
    JOIN time_buckets AS b
        ON b.bits = length(bin(m.active_ms)) AND m.active_ms >= b.low_ms AND m.active_ms <= b.high_ms
    GROUP BY m.day, m.course_id, m.lesson_idx, b.bucket
),
histograms AS (
    SELECT
        day, course_id, lesson_idx,
        '{' || string_agg('"' || bucket || '":' || learners, ',' ORDER BY bucket) || '}' AS active_ms_hist
    FROM buckets
    GROUP BY day, course_id, lesson_idx
),
activity AS (
    SELECT
        day, course_id, lesson_idx,
        sum(views) AS views,
        sum(attempts) AS quiz_attempts,
        [
            sum(views_by_hour[1]), sum(views_by_hour[2]), sum(views_by_hour[3]), sum(views_by_hour[4]),
            sum(views_by_hour[5]), sum(views_by_hour[6]), sum(views_by_hour[7]), sum(views_by_hour[8]),
            sum(views_by_hour[9]), sum(views_by_hour[10]), sum(views_by_hour[11]), sum(views_by_hour[12]),
            sum(views_by_hour[13]), sum(views_by_hour[14]), sum(views_by_hour[15]), sum(views_by_hour[16]),
            sum(views_by_hour[17]), sum(views_by_hour[18]), sum(views_by_hour[19]), sum(views_by_hour[20]),
            sum(views_by_hour[21]), sum(views_by_hour[22]), sum(views_by_hour[23]), sum(views_by_hour[24]),
            sum(views_by_hour[25])
        ] AS views_by_hour
    FROM learner_days
    WHERE lesson_idx IS NOT NULL
    GROUP BY day, course_id, lesson_idx
)
SELECT
    a.course_id, a.lesson_idx, a.day,
    CAST(a.views AS BIGINT) AS views,
    coalesce(p.viewers, 0) AS viewers,
    coalesce(p.completers, 0) AS completers,
    CAST(a.quiz_attempts AS BIGINT) AS quiz_attempts,
    coalesce(p.quiz_attempters, 0) AS quiz_attempters,
    coalesce(p.quiz_passers, 0) AS quiz_passers,
    coalesce(t.learners, 0) AS measured_learners,
    CAST(coalesce(t.active_ms_sum, 0) AS BIGINT) AS active_ms_sum,
    t.ordered_ms[CAST((t.learners + 1) // 2 AS BIGINT)] AS active_ms_median,
    t.ordered_ms[CAST((9 * t.learners + 9) // 10 AS BIGINT)] AS active_ms_p90,
    coalesce(h.active_ms_hist, '{}') AS active_ms_hist,
    CASE
        WHEN a.views > 0 THEN CAST(a.views_by_hour AS BIGINT[])
        ELSE [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    END AS views_by_hour
FROM activity AS a
LEFT JOIN persons AS p ON p.day = a.day AND p.course_id = a.course_id AND p.lesson_idx = a.lesson_idx
LEFT JOIN times AS t ON t.day = a.day AND t.course_id = a.course_id AND t.lesson_idx = a.lesson_idx
LEFT JOIN histograms AS h ON h.day = a.day AND h.course_id = a.course_id AND h.lesson_idx = a.lesson_idx
