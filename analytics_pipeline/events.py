"""The vocabulary of events: what a client may send, what is stored, and why an event is rejected."""

from enum import StrEnum


class EventType(StrEnum):
    """What a learner did. The Postgres enum `analytics.event_type` holds the same values."""

    COURSE_VIEW = "course_view"
    ENROLL = "enroll"
    PURCHASE = "purchase"
    REFUND = "refund"
    LESSON_VIEWED = "lesson_viewed"
    LESSON_TIME = "lesson_time"
    LESSON_COMPLETED = "lesson_completed"
    QUIZ_ATTEMPTED = "quiz_attempted"
    QUIZ_PASSED = "quiz_passed"
    COMPLETE = "complete"
