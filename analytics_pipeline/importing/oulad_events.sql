-- The wire events of the days from $first to $last, as JSON text, in the order in which they happened.
--
-- The id is the UUIDv5 of the row under the namespace $namespace (16 bytes): SHA-1 of namespace and name,
-- with the version in the 13th hexadecimal digit and the variant in the 17th. Rows that are equal in every
-- column are told apart by their ordinal among the equal ones.
WITH numbered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY day, step, event_type, course_id, id_student, lesson_idx, object_id, number
        ) - 1 AS ordinal
    FROM oulad_row
    WHERE day BETWEEN $first AND $last
),
named AS (
    SELECT
        *,
        sha1($namespace || encode(concat_ws(
            '/', event_type, course_id, id_student, coalesce(object_id, 0), day, coalesce(number, -1), ordinal
        ))) AS digest
    FROM numbered
    JOIN site_day USING (day)
    ORDER BY day, step, course_id, id_student, object_id, number, ordinal
)
SELECT
    '{"id":"' || digest[1:8] || '-' || digest[9:12] || '-5' || digest[14:16] || '-'
    || translate(digest[17], '01234567cdef', '89ab89ab89ab') || digest[18:20] || '-' || digest[21:32]
    || '","eventType":"' || event_type
    || '","userId":"' || id_student
    || '","courseId":' || to_json(course_id)
    || CASE WHEN lesson_idx IS NULL THEN '' ELSE ',"lessonIdx":' || lesson_idx END
    || CASE
        WHEN event_type = 'lesson_viewed' THEN ',"metadata":{"clicks":' || number || '}'
        WHEN object_id IS NULL THEN ''
        WHEN number IS NULL THEN ',"metadata":{"quizId":"' || object_id || '"}'
        ELSE ',"metadata":{"quizId":"' || object_id || '","score":' || number || '}'
    END
    || ',"createdAt":"' || created_at || '"}' AS event
FROM named;
