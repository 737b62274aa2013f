-- The learner days that tie learners of a course to each other: few, but on any day and of anybody.
--
-- An order is its earliest purchase, whoever made it, and any refund may name it. A quiz bears the lowest lesson that
-- it was seen in, by somebody who did not sign in as well.
SELECT day, course_id, lesson_idx, quiz_id, learner_id, first_at, last_at, attempts, passes, purchases, refunds
FROM learner_days
WHERE len(purchases) > 0 OR len(refunds) > 0 OR (learner_id IS NULL AND attempts + passes > 0)
