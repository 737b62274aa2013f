"""The settings by which courses are counted and judged, all alike or one apart."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from analytics_pipeline.settings.values import Count, Share, ViewName


class SignalOverride(BaseModel):
    """Thresholds of one course; what is left out is the site's, of the setting `signal_<name>`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_learners: Count | None = None
    window_days: Count | None = None
    window_learners: Count | None = None
    drop_off: Share | None = None
    quiz_pass_rate: Share | None = None
    course_completion: Share | None = None
    refund_rate: Share | None = None
    silence_chance: Share | None = None
    hysteresis: Annotated[float, Field(ge=0, lt=1)] | None = None


class CourseSettings(BaseModel):
    """What numbers and signals of courses rest on."""

    funnel_window_days: int = Field(
        90, ge=1, le=3650, description="Days after entry within which a funnel step counts."
    )
    funnel_windows: dict[str, Annotated[int, Field(ge=1, le=3650)]] = Field(
        {}, description='Courses with a window of their own, as JSON: {"course": days}.'
    )
    catalogue_file: Path | None = Field(
        None, description="CSV or JSON file with titles, required lessons and funnel windows of courses."
    )
    catalogue_view: ViewName | None = Field(
        None, description="The same from a view, as schema.view, that the pipeline may only read."
    )
    catalogue_database_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the platform's database with the view; unset: our own database."
    )
    quiet_days: int = Field(
        7, ge=1, le=365, description="Days without activity after which a learner counts as stopped."
    )
    refund_window_days: int = Field(
        30, ge=1, le=3650, description="Days after purchase from which an order counts in the refund rate."
    )
    min_cell: int = Field(5, ge=1, description="An answer whose denominator is smaller than this is hidden.")
    signal_min_learners: int = Field(
        30, ge=1, description="A rule fires only with at least this many learners."
    )
    signal_window_days: Count = Field(
        28, description="Rules judge the latest mature learners: those who entered within so many days,"
    )
    signal_window_learners: Count = Field(
        100, description="and those who entered before them while they are fewer than this."
    )
    signal_drop_off: Share = Field(
        0.25, description="high_drop_off_lesson: share of learners that stop at a lesson."
    )
    signal_quiz_pass_rate: Share = Field(
        0.5, description="low_quiz_pass_rate: share of learners who pass at the first attempt."
    )
    signal_course_completion: Share = Field(
        0.2, description="low_course_completion: share of mature enrolments that complete."
    )
    signal_refund_rate: Share = Field(
        0.1, description="high_refund_rate: share of mature orders that are refunded."
    )
    signal_silence_chance: Share = Field(
        1e-6, description="silent_emitter: fires when chance would give the silence less often than this."
    )
    signal_hysteresis: float = Field(
        0.05, ge=0, lt=1, description="How far behind its threshold a rate must fall for a signal to resolve."
    )
    signal_overrides: dict[str, SignalOverride] = Field(
        {},
        description='Courses with thresholds of their own, as JSON: {"course": {"drop_off": 0.4,'
        ' "window_days": 56}}; the names are those of the SIGNAL settings.',
    )

    @model_validator(mode="after")
    def _one_catalogue(self) -> Self:
        if self.catalogue_file is not None and self.catalogue_view is not None:
            raise ValueError("the course catalogue has two sources; keep CATALOGUE_FILE or CATALOGUE_VIEW")
        return self

    def for_course(self, course_id: str) -> Self:
        """The settings under which this course is judged."""
        override = self.signal_overrides.get(course_id, SignalOverride())
        own = {f"signal_{name}": value for name, value in override if value is not None}
        window = self.funnel_windows.get(course_id, self.funnel_window_days)
        return self.model_copy(update={**own, "funnel_window_days": window})
