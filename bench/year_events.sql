-- Events of the days $from_day to $to_day (numbers, counted from the first day of the year) of a course platform.
--
-- $entrants learners enter a course on each day, those before day 0 as well, so that day 0 is as busy as any other.
-- Forty courses are open at a time: thirty for four months each, ten for ever. A learner takes a lesson every few
-- hours to every few days, stops somewhere, and is gone after at most $longest days; a third are in a second course.
-- Everything follows from hashes of the learner's number: a day is the same, whichever days it is asked for with.
WITH entered AS (
    SELECT
        number, number // $entrants - $longest AS entry_day,
        hash(number, 'course') % 40 AS slot,
        (hash(number, 'lessons') % 100000) / 100000.0 AS endurance,
        (hash(number, 'pace') % 100000) / 100000.0 AS haste,
        CASE WHEN hash(number, 'again') % 3 = 0 THEN number - 20 * $entrants ELSE number END AS learner
    FROM range($from_day * $entrants, ($to_day + $longest + 1) * $entrants) AS numbers (number)
),
learners AS (
    SELECT
        number, entry_day, 'learner-' || learner AS learner_id,
        'course-' || CASE WHEN slot < 10 THEN slot ELSE 10 + (entry_day + 2 * $longest) // 4 + slot END AS course_id,
        slot % 2 = 0 AND hash(number, 'buys') % 10 < 6 AS is_buyer,
        1 + least(19, CAST(floor(-ln(endurance + 0.00001) * 8) AS BIGINT)) AS lessons,
        0.15 + 3.0 * haste * haste AS days_per_lesson
    FROM entered
),
taken AS (
    SELECT l.*, r.lesson, entry_day + lesson * days_per_lesson + (hash(number, lesson, 'at') % 1000) / 1100.0 AS moment
    FROM learners AS l, range(0, 20) AS r (lesson)
    WHERE r.lesson < l.lessons
),
kinds AS (
    SELECT * FROM (VALUES
        ('lesson_viewed', 0, 100, 0), ('lesson_viewed', 1, 40, 700), ('lesson_time', 0, 90, 5),
        ('lesson_time', 1, 60, 9), ('lesson_completed', 0, 88, 12), ('quiz_attempted', 0, 95, 14),
        ('quiz_attempted', 1, 30, 20), ('quiz_passed', 0, 80, 21)
    ) AS of_lesson (kind, nth, chance, minutes)
),
happened AS (
    SELECT number, learner_id, course_id, lesson, kind, nth, moment + minutes / 1440.0 AS moment
    FROM taken, kinds
    WHERE (kind NOT LIKE 'quiz%' OR lesson % 4 = 3) AND hash(number, lesson, kind, nth) % 100 < chance
    UNION ALL
    SELECT number, learner_id, course_id, NULL, 'course_view', 0, entry_day + 0.001 FROM learners
    UNION ALL
    SELECT number, learner_id, course_id, NULL, 'enroll', 0, entry_day + 0.003 FROM learners
    UNION ALL
    SELECT number, learner_id, course_id, NULL, 'purchase', 0, entry_day + 0.002 FROM learners WHERE is_buyer
    UNION ALL
    SELECT number, learner_id, course_id, NULL, 'refund', 0, entry_day + 0.01 + hash(number, 'back') % 25
    FROM learners
    WHERE is_buyer AND hash(number, 'refund') % 100 < 6
    UNION ALL
    SELECT number, learner_id, course_id, NULL, 'complete', 0, max(moment) + 0.02
    FROM taken
    WHERE lessons >= 12
    GROUP BY number, learner_id, course_id
)
SELECT
    CAST($first AS DATE) + CAST(floor(moment) AS INTEGER) AS day,
    md5(concat_ws('/', number, lesson, kind, nth)) AS event_id, kind AS event_type, learner_id, course_id,
    CAST(lesson AS INTEGER) AS lesson_idx,
    CASE
        WHEN kind = 'lesson_time' THEN '{"activeMs": ' || 20000 + hash(number, lesson, nth, 'ms') % 500000 || '}'
        WHEN kind LIKE 'quiz%' THEN '{"quizId": "quiz-' || lesson || '", "score": 0.75}'
        WHEN kind IN ('purchase', 'refund')
        THEN '{"orderId": "order-' || number || '", "amount": "49.00", "currency": "EUR"}'
        ELSE '{}'
    END AS metadata,
    make_timestamptz(epoch_us(CAST($first AS TIMESTAMP)) + CAST(moment * 86400000000 AS BIGINT)) AS occurred_at,
    make_timestamptz(epoch_us(CAST($first AS TIMESTAMP)) + CAST(moment * 86400000000 AS BIGINT)) AS received_at,
    CAST(0 AS BIGINT) AS skew_us
FROM happened
WHERE moment >= $from_day AND moment < $to_day + 1
