-- The Open University Learning Analytics Dataset as one relation of event rows.
--
-- Reads the data set's tables by their own names, and `selected_module(code_module)`. Grain of `oulad_row`:
-- one event. `day` counts from the presentation's start, which is the first of February (B) or October (J).
-- Rows of studentVle may be equal in every column; each of them is an event.

CREATE TEMP TABLE presentation AS
SELECT
    code_module,
    code_presentation,
    code_module || '-' || code_presentation AS course_id,
    make_date(
        left(code_presentation, 4)::INTEGER,
        CASE right(code_presentation, 1)
            WHEN 'B' THEN 2
            WHEN 'J' THEN 10
            ELSE error('presentation ' || code_presentation || ' is neither of February (B) nor of October (J)')
        END,
        1
    ) AS starts_on,
    module_presentation_length::INTEGER AS length_days
FROM courses
SEMI JOIN selected_module USING (code_module);

CREATE TEMP TABLE site AS
SELECT
    code_module,
    code_presentation,
    id_site,
    any_value(course_id) AS course_id,
    any_value(starts_on) AS starts_on,
    row_number() OVER (
        PARTITION BY code_module, code_presentation ORDER BY min(date), id_site
    ) - 1 AS lesson_idx
FROM studentVle
JOIN presentation USING (code_module, code_presentation)
GROUP BY code_module, code_presentation, id_site;

CREATE TEMP VIEW submission AS
SELECT
    starts_on + date_submitted::INTEGER AS day,
    course_id,
    id_student::INTEGER AS id_student,
    id_assessment::INTEGER AS id_assessment,
    score::INTEGER AS score
FROM studentAssessment
JOIN assessments USING (id_assessment)
JOIN presentation USING (code_module, code_presentation)
WHERE is_banked = 0;

-- All events of a day share one instant, so `step` is the order in which they can have happened.
CREATE TEMP VIEW oulad_row AS
SELECT
    starts_on + date_registration::INTEGER AS day,
    0 AS step,
    'enroll' AS event_type,
    course_id,
    id_student::INTEGER AS id_student,
    NULL::BIGINT AS lesson_idx,
    NULL::INTEGER AS object_id,
    NULL::INTEGER AS number
FROM studentRegistration
JOIN presentation USING (code_module, code_presentation)
WHERE date_registration IS NOT NULL
UNION ALL
SELECT
    starts_on + date::INTEGER,
    1,
    'lesson_viewed',
    course_id,
    id_student::INTEGER,
    lesson_idx,
    id_site::INTEGER,
    sum_click::INTEGER
FROM studentVle
JOIN site USING (code_module, code_presentation, id_site)
UNION ALL
SELECT day, 2, 'quiz_attempted', course_id, id_student, NULL, id_assessment, score
FROM submission
UNION ALL
SELECT day, 3, 'quiz_passed', course_id, id_student, NULL, id_assessment, score
FROM submission
WHERE score >= 40
UNION ALL
SELECT starts_on + length_days, 4, 'complete', course_id, id_student::INTEGER, NULL, NULL, NULL
FROM studentInfo
JOIN presentation USING (code_module, code_presentation)
WHERE final_result IN ('Pass', 'Distinction');
