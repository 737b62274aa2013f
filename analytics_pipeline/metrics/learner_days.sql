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
        e.day, event_id, event_type, learner_id, course_id, lesson_idx, occurred_at,
        -- Since the day's first instant.
        epoch_us(occurred_at) - epoch_us(s.starts_at) AS us,
        event_type LIKE 'lesson_%' OR event_type LIKE 'quiz_%' AS is_of_lesson,
        CASE WHEN event_type = 'lesson_viewed' THEN least(us // 3600000000, 24) END AS view_hour,
        CASE WHEN event_type LIKE 'quiz_%' THEN json_extract_string(metadata, '$.quizId') END AS quiz_id,
        CASE
            WHEN event_type = 'lesson_time' THEN try_cast(json_extract_string(metadata, '$.activeMs') AS DOUBLE)
        END AS active_ms,
        CASE
            WHEN event_type = 'quiz_passed' AND try_cast(json_extract_string(metadata, '$.attempt') AS DOUBLE) = 1 THEN 1
        END AS passed_attempt_1,
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
        day, course_id, lesson_idx, learner_id, event_type, us,
        -- Over whole numbers: over instants the same takes half as long again.
        first_value(us) OVER (
            PARTITION BY day, course_id, learner_id ORDER BY us
            RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_us
    FROM counted
    WHERE learner_id IS NOT NULL
),
view_instants AS (
    SELECT
        day, course_id, lesson_idx, learner_id, us, next_us, count(*) AS views,
        -- Only a gap over 30 minutes asks what comes next: null joins nothing.
        CASE WHEN next_us - us > 1800000000 THEN next_us END AS long_until
    FROM followed
    -- 4 hours.
    WHERE event_type = 'lesson_viewed' AND next_us - us <= 14400000000
    GROUP BY day, course_id, lesson_idx, learner_id, us, next_us
),
closings AS (
    SELECT DISTINCT day, course_id, lesson_idx, learner_id, us
    FROM counted
    WHERE event_type = 'lesson_completed' AND learner_id IS NOT NULL
),
gaps AS (
    SELECT
        v.day, v.course_id, v.lesson_idx, v.learner_id, v.views,
        (v.next_us - v.us) // 1000 AS gap_ms
    FROM view_instants AS v
    LEFT JOIN closings AS c
        ON c.day = v.day AND c.course_id = v.course_id AND c.learner_id = v.learner_id
        AND c.lesson_idx = v.lesson_idx AND c.us = v.long_until
    WHERE v.long_until IS NULL OR c.us IS NOT NULL
),
lesson_rows AS (
    SELECT
        day, course_id, lesson_idx, learner_id, event_type, event_id, occurred_at, quiz_id, active_ms, view_hour,
        passed_attempt_1, NULL AS gap_ms, NULL AS measured_views
    FROM counted
    WHERE is_of_lesson
    UNION ALL
    SELECT day, course_id, lesson_idx, learner_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, gap_ms, views
    FROM gaps
)
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id,
    count(event_type) AS events,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at,
    count(view_hour) AS views,
    count(*) FILTER (WHERE event_type = 'lesson_completed') AS completions,
    min(occurred_at) FILTER (WHERE event_type = 'lesson_completed') AS completed_at,
    CAST(
        coalesce(sum(CAST(floor(active_ms) AS BIGINT)) FILTER (WHERE active_ms <= 600000), 0) AS BIGINT
    ) AS reported_ms,
    count(*) FILTER (WHERE active_ms <= 600000) AS reported_n,
    CAST(coalesce(sum(gap_ms), 0) AS BIGINT) AS gap_ms,
    count(gap_ms) AS gap_n,
    CAST(count(view_hour) - coalesce(sum(measured_views), 0) AS BIGINT) AS unmeasured_views,
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
    count(*) FILTER (WHERE event_type = 'quiz_attempted') AS attempts,
    count(*) FILTER (WHERE event_type = 'quiz_passed') AS passes,
    array_slice(
        list_sort(
            array_agg({'at': occurred_at, 'event_id': event_id}) FILTER (WHERE event_type = 'quiz_attempted')
        ), 1, 2
    ) AS attempt_at,
    min(occurred_at) FILTER (WHERE event_type = 'quiz_passed') AS pass_at,
    count(passed_attempt_1) > 0 AS passed_attempt_1,
    CAST(0 AS BIGINT) AS course_views,
    CAST(NULL AS TIMESTAMPTZ) AS course_view_at,
    CAST(NULL AS TIMESTAMPTZ[]) AS enroll_at,
    CAST(NULL AS TIMESTAMPTZ[]) AS complete_at,
    CAST(NULL AS STRUCT("at" TIMESTAMPTZ, event_id VARCHAR, order_id VARCHAR, amount DECIMAL(18, 4), currency VARCHAR)[]) AS purchases,
    CAST(NULL AS STRUCT("at" TIMESTAMPTZ, event_id VARCHAR, order_id VARCHAR, amount DECIMAL(18, 4), currency VARCHAR)[]) AS refunds
FROM lesson_rows
GROUP BY day, course_id, lesson_idx, quiz_id, learner_id
UNION ALL
SELECT
    day, course_id, CAST(NULL AS INTEGER), CAST(NULL AS VARCHAR), learner_id,
    count(*), min(occurred_at), max(occurred_at),
    0, 0, CAST(NULL AS TIMESTAMPTZ), 0, 0, 0, 0, 0, NULL, 0, 0, NULL, NULL, FALSE,
    count(*) FILTER (WHERE event_type = 'course_view') AS course_views,
    min(occurred_at) FILTER (WHERE event_type = 'course_view') AS course_view_at,
    list_sort(array_agg(occurred_at) FILTER (WHERE event_type = 'enroll')) AS enroll_at,
    list_sort(array_agg(occurred_at) FILTER (WHERE event_type = 'complete')) AS complete_at,
    list_sort(array_agg(purchase_or_refund) FILTER (WHERE event_type = 'purchase')) AS purchases,
    list_sort(array_agg(purchase_or_refund) FILTER (WHERE event_type = 'refund')) AS refunds
FROM counted
WHERE NOT is_of_lesson
GROUP BY day, course_id, learner_id
