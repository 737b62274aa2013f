-- What one learner did on one site day in one course, lesson and quiz; every other number is computed from it.
--
-- Grain: day, course, lesson or null, quiz or null, learner or null for anonymous events. Each event that
-- counts belongs to exactly one row. Events of staff, instructors and test learners (metadata.role) do not
-- count; events without a course have no learner day.
-- Lesson: of lesson_viewed, lesson_time, lesson_completed and the quiz events; all others belong to the course.
-- Quiz: metadata.quizId of quiz events, as text; where it is null, the lesson stands for its quiz.
-- Time, in milliseconds: reported_ms sums the activeMs of lesson_time, whole milliseconds each; a report over
-- 10 minutes is dropped, since the machine slept. gap_ms sums the time from each lesson_viewed to the learner's
-- next event in the course, strictly later and within the site day; a gap over 30 minutes is left out, or over
-- 4 hours where a next event completes the same lesson. Views of a lesson at one instant have one gap.
-- unmeasured_views counts the views without one. gap_ms belongs to learners, never to anonymous events.
-- views_by_hour: views by hours since the day's first instant, 25 entries; null in a row without views.
-- attempt_at: the two earliest attempts. passed_attempt_1: a quiz_passed that says it was attempt 1.
-- enroll_at, complete_at, purchases and refunds: all of them, oldest first; null where there is none.
WITH counted AS (
    SELECT
        e.day, course_id, lesson_idx, learner_id, occurred_at,
        -- A learner's day in a course, in 128 bits: texts as a key cost the search for what comes next twice as much.
        {'one': hash(e.day, course_id, learner_id), 'other': hash(concat(course_id, '/', learner_id))} AS learner_day,
        -- Since the day's first instant.
        epoch_us(occurred_at) - epoch_us(s.starts_at) AS us,
        event_type LIKE 'lesson_%' OR event_type LIKE 'quiz_%' AS is_of_lesson,
        CASE WHEN event_type LIKE 'quiz_%' THEN json_extract_string(metadata, '$.quizId') END AS quiz_id,
        CASE WHEN event_type = 'lesson_viewed' THEN least(us // 3600000000, 24) END AS view_hour,
        CASE WHEN event_type = 'lesson_completed' THEN occurred_at END AS completed_at,
        CASE
            WHEN event_type = 'lesson_time' THEN try_cast(json_extract_string(metadata, '$.activeMs') AS DOUBLE)
        END AS active_ms,
        CASE WHEN event_type = 'quiz_attempted' THEN {'at': occurred_at, 'event_id': event_id} END AS attempt,
        CASE WHEN event_type = 'quiz_passed' THEN occurred_at END AS pass_at,
        CASE
            WHEN event_type = 'quiz_passed' AND try_cast(json_extract_string(metadata, '$.attempt') AS DOUBLE) = 1 THEN 1
        END AS passed_attempt_1,
        CASE WHEN event_type = 'course_view' THEN occurred_at END AS course_view_at,
        CASE WHEN event_type = 'enroll' THEN occurred_at END AS enroll_at,
        CASE WHEN event_type = 'complete' THEN occurred_at END AS complete_at,
        event_type = 'purchase' AS is_purchase,
        event_type = 'refund' AS is_refund,
        CASE
            WHEN event_type IN ('purchase', 'refund')
            THEN {
                'at': occurred_at,
                'event_id': event_id,
                'order_id': json_extract_string(metadata, '$.orderId'),
                'amount': try_cast(json_extract_string(metadata, '$.amount') AS DECIMAL(18, 4)),
                'currency': json_extract_string(metadata, '$.currency')
            }
        END AS purchase_or_refund
    FROM events AS e
    JOIN site_days AS s ON s.day = e.day
    WHERE course_id IS NOT NULL
      AND NOT coalesce(list_contains(['staff', 'instructor', 'test'], json_extract_string(metadata, '$.role')), FALSE)
),
followed AS (
    SELECT
        learner_day, lesson_idx, view_hour, us,
        -- Over whole numbers: over instants the same takes half as long again.
        first_value(us) OVER (
            PARTITION BY learner_day ORDER BY us RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_us
    FROM counted
    WHERE learner_id IS NOT NULL
),
view_instants AS (
    SELECT
        learner_day, lesson_idx, us, next_us, count(*) AS views,
        -- Only a gap over 30 minutes asks what comes next: null joins nothing.
        CASE WHEN next_us - us > 1800000000 THEN next_us END AS long_until
    FROM followed
    -- 4 hours.
    WHERE view_hour IS NOT NULL AND next_us - us <= 14400000000
    GROUP BY learner_day, lesson_idx, us, next_us
),
closings AS (
    SELECT DISTINCT learner_day, lesson_idx, us
    FROM counted
    WHERE completed_at IS NOT NULL AND learner_id IS NOT NULL
),
gaps AS (
    SELECT
        v.learner_day, v.lesson_idx,
        CAST(sum((v.next_us - v.us) // 1000) AS BIGINT) AS gap_ms,
        count(*) AS gap_n,
        CAST(sum(v.views) AS BIGINT) AS measured_views
    FROM view_instants AS v
    LEFT JOIN closings AS c
        ON c.learner_day = v.learner_day AND c.lesson_idx = v.lesson_idx AND c.us = v.long_until
    WHERE v.long_until IS NULL OR c.us IS NOT NULL
    GROUP BY v.learner_day, v.lesson_idx
),
lessons AS (
    SELECT
        day, course_id, lesson_idx, quiz_id, learner_id,
        -- Null where no gap belongs: null joins nothing.
        CASE WHEN quiz_id IS NULL AND learner_id IS NOT NULL THEN any_value(learner_day) END AS learner_day,
        count(*) AS events,
        min(occurred_at) AS first_at,
        max(occurred_at) AS last_at,
        count(view_hour) AS views,
        count(completed_at) AS completions,
        min(completed_at) AS completed_at,
        CAST(
            coalesce(sum(CAST(floor(active_ms) AS BIGINT)) FILTER (WHERE active_ms <= 600000), 0) AS BIGINT
        ) AS reported_ms,
        count(*) FILTER (WHERE active_ms <= 600000) AS reported_n,
        CASE
            WHEN min(view_hour) = max(view_hour)
            THEN list_transform(
                range(25), lambda hour: CASE WHEN hour = min(view_hour) THEN count(view_hour) ELSE 0 END
            )
            WHEN count(view_hour) > 0
            THEN list_transform(
                range(25),
                lambda hour: CAST(array_length(
                    list_filter(array_agg(view_hour) FILTER (WHERE view_hour IS NOT NULL), lambda viewed: viewed = hour)
                ) AS BIGINT)
            )
        END AS views_by_hour,
        count(attempt) AS attempts,
        count(pass_at) AS passes,
        array_slice(list_sort(array_agg(attempt) FILTER (WHERE attempt IS NOT NULL)), 1, 2) AS attempt_at,
        min(pass_at) AS pass_at,
        count(passed_attempt_1) > 0 AS passed_attempt_1
    FROM counted
    WHERE is_of_lesson
    GROUP BY day, course_id, lesson_idx, quiz_id, learner_id
)
SELECT
    day, course_id, l.lesson_idx, quiz_id, learner_id,
    events, first_at, last_at, views, completions, completed_at, reported_ms, reported_n,
    coalesce(gap_ms, 0) AS gap_ms,
    coalesce(gap_n, 0) AS gap_n,
    views - coalesce(measured_views, 0) AS unmeasured_views,
    views_by_hour, attempts, passes, attempt_at, pass_at, passed_attempt_1,
    CAST(0 AS BIGINT) AS course_views,
    CAST(NULL AS TIMESTAMPTZ) AS course_view_at,
    CAST(NULL AS TIMESTAMPTZ[]) AS enroll_at,
    CAST(NULL AS TIMESTAMPTZ[]) AS complete_at,
    CAST(NULL AS STRUCT("at" TIMESTAMPTZ, event_id VARCHAR, order_id VARCHAR, amount DECIMAL(18, 4), currency VARCHAR)[]) AS purchases,
    CAST(NULL AS STRUCT("at" TIMESTAMPTZ, event_id VARCHAR, order_id VARCHAR, amount DECIMAL(18, 4), currency VARCHAR)[]) AS refunds
FROM lessons AS l
LEFT JOIN gaps AS g ON g.learner_day = l.learner_day AND g.lesson_idx = l.lesson_idx
UNION ALL
SELECT
    day, course_id, CAST(NULL AS INTEGER), CAST(NULL AS VARCHAR), learner_id,
    count(*), min(occurred_at), max(occurred_at),
    0, 0, CAST(NULL AS TIMESTAMPTZ), 0, 0, 0, 0, 0, NULL, 0, 0, NULL, NULL, FALSE,
    count(course_view_at) AS course_views,
    min(course_view_at) AS course_view_at,
    list_sort(array_agg(enroll_at) FILTER (WHERE enroll_at IS NOT NULL)) AS enroll_at,
    list_sort(array_agg(complete_at) FILTER (WHERE complete_at IS NOT NULL)) AS complete_at,
    list_sort(array_agg(purchase_or_refund) FILTER (WHERE is_purchase)) AS purchases,
    list_sort(array_agg(purchase_or_refund) FILTER (WHERE is_refund)) AS refunds
FROM counted
WHERE NOT is_of_lesson
GROUP BY day, course_id, learner_id
