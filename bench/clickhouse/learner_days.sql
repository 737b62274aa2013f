INSERT INTO learner_day
WITH
    followed AS (
        SELECT
            *, toUnixTimestamp64Micro(occurred_at) AS us,
            min(us) OVER later AS next_us,
            groupArrayIf((us, lesson_idx), event_type = 'lesson_completed') OVER later AS closings
        FROM event
        WHERE course_id != '' AND JSONExtractString(metadata, 'role') NOT IN ('staff', 'instructor', 'test')
        WINDOW later AS (
            PARTITION BY course_id, learner_id ORDER BY us RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        )
    ),
    measured AS (
        SELECT
            *,
            event_type = 'lesson_viewed' AND learner_id != '' AND next_us > us
                AND next_us - us <= if(has(closings, (next_us, lesson_idx)), 14400000000, 1800000000) AS is_measured,
            if(event_type = 'lesson_time', JSONExtractFloat(metadata, 'activeMs'), NULL) AS active_ms,
            event_type IN ('quiz_attempted', 'quiz_passed') AS is_quiz,
            (occurred_at, event_id, JSONExtractString(metadata, 'orderId'),
                toDecimal64OrZero(JSONExtractString(metadata, 'amount'), 4), JSONExtractString(metadata, 'currency')
            ) AS entry
        FROM followed
    )
SELECT
    toDate(occurred_at) AS day, course_id,
    if(is_quiz OR startsWith(event_type, 'lesson_'), lesson_idx, -1) AS lesson,
    if(is_quiz, JSONExtractString(metadata, 'quizId'), '') AS quiz_id,
    learner_id,
    count() AS events,
    min(occurred_at), max(occurred_at),
    countIf(event_type = 'lesson_viewed') AS views,
    countIf(event_type = 'lesson_completed'),
    minOrNullIf(occurred_at, event_type = 'lesson_completed'),
    sumIf(toInt64(floor(active_ms)), active_ms <= 600000),
    countIf(active_ms <= 600000),
    arraySum(x -> x.2, groupUniqArrayIf((us, intDiv(next_us - us, 1000)), is_measured) AS gaps) AS gap_ms,
    length(gaps),
    views - countIf(is_measured),
    groupArrayIf(toHour(occurred_at), event_type = 'lesson_viewed'),
    countIf(event_type = 'quiz_attempted'),
    countIf(event_type = 'quiz_passed'),
    arraySlice(arraySort(groupArrayIf(occurred_at, event_type = 'quiz_attempted')), 1, 2),
    minOrNullIf(occurred_at, event_type = 'quiz_passed'),
    countIf(event_type = 'quiz_passed' AND JSONExtractFloat(metadata, 'attempt') = 1) > 0,
    countIf(event_type = 'course_view'),
    minOrNullIf(occurred_at, event_type = 'course_view'),
    arraySort(groupArrayIf(occurred_at, event_type = 'enroll')),
    arraySort(groupArrayIf(occurred_at, event_type = 'complete')),
    arraySort(groupArrayIf(entry, event_type = 'purchase')),
    arraySort(groupArrayIf(entry, event_type = 'refund'))
FROM measured
GROUP BY day, course_id, lesson, quiz_id, learner_id;
