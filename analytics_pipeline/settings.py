"""Every setting, once: from the environment or a `.env` file, checked at start."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from analytics_pipeline.setting_errors import sentence_of
from analytics_pipeline.setting_values import (
    Count,
    HmacKey,
    LakePlace,
    Share,
    SparkCluster,
    TimeZoneName,
    ViewName,
)


class WrongSettingError(Exception):
    """A setting cannot be used; the message is one sentence that names it and says what would do."""


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


class Settings(BaseSettings):
    """The settings of all services. Each is read from `ANALYTICS_<NAME>`; the description is its manual."""

    model_config = SettingsConfigDict(
        env_prefix="ANALYTICS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        Path(".analytics"), description="Where state lives: embedded database, lake, passwords, logs."
    )
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the owner role; unset: an embedded PostgreSQL under HOME."
    )
    ingest_database_url: SecretStr | None = Field(
        None, description="URL of the role analytics_ingest; unset: derived from DATABASE_URL."
    )
    pipeline_database_url: SecretStr | None = Field(
        None, description="URL of the role analytics_pipeline; unset: derived from DATABASE_URL."
    )
    admin_database_url: SecretStr | None = Field(
        None, description="URL of the role analytics_admin; unset: derived from DATABASE_URL."
    )
    dagster_database_url: SecretStr | None = Field(
        None, description="URL of Dagster's own database; unset: derived from DATABASE_URL."
    )
    lake: LakePlace | None = Field(
        None, description="Where the Parquet files lie: a folder or s3://bucket/prefix; unset: HOME/lake."
    )
    engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="What runs the SQL models: DuckDB in the run's process, or a Spark cluster."
    )
    spark_master: SparkCluster | None = Field(
        None, description="The cluster of ENGINE=spark: spark://host:port, or sc://host:port for Connect."
    )
    timezone: TimeZoneName = Field("UTC", description="IANA time zone whose calendar days are counted.")
    first_day: date = Field(date(2024, 1, 1), description="No event before this day is accepted.")
    bind: str = Field("127.0.0.1", description="Address that the services listen on.")
    ingest_port: int = Field(8000, ge=1, le=65535, description="Port of the ingest service.")
    admin_port: int = Field(8001, ge=1, le=65535, description="Port of the admin API and dashboard.")
    session_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Signs the dashboard's sign-ins; unset: made once and kept under HOME.",
    )
    oidc_issuer: str | None = Field(
        None, description="Identity provider whose tokens are taken, as their `iss` names it; unset: none."
    )
    oidc_audience: str | None = Field(None, description="Their `aud`: what the provider calls this service.")
    oidc_jwks_url: str | None = Field(None, description="Where the provider publishes its public keys.")
    oidc_admin_claim: str = Field(
        "roles", description="Claim that says who may read numbers; dots lead into nested claims."
    )
    oidc_admin_value: str = Field("admin", description="What that claim must hold.")
    oidc_courses_claim: str | None = Field(
        None, description="Claim with the courses that a person may read; unset: admins read all."
    )
    dagster_port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster UI.")
    write_key: SecretStr | None = Field(
        None, description="Write key that import and simulate send with; unset: one made for this HOME."
    )
    ingest_workers: int = Field(1, ge=1, le=64, description="Worker processes of the ingest service.")
    ingest_bytes_in_flight: int = Field(
        64 * 2**20,
        ge=4 * 2**20,
        description="Bytes of bodies that an ingest worker holds at once; above, it answers 503.",
    )
    ingest_address_limit: int | None = Field(
        None, ge=1, description="Events per second from one address with a web page's key, per worker."
    )
    ingest_proxies: int = Field(
        0, ge=0, le=8, description="Trusted proxies before ingest; so many X-Forwarded-For entries count."
    )
    retention_days: int | None = Field(
        None,
        ge=1,
        description="Days for which raw events are kept; older ones are not accepted. Unset: for ever.",
    )
    quarantine_days: int | None = Field(
        None, ge=1, description="Days for which rejected events are kept; their counts stay. Unset: for ever."
    )
    revision_days: int | None = Field(
        None, ge=1, description="Days for which changes of published numbers are kept. Unset: for ever."
    )
    run_log_days: int | None = Field(
        90,
        ge=1,
        description="Days for which Dagster keeps runs and their events; the audit log keeps every run.",
    )
    erasure_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Hashes the ids of erased learners; unset: made once and kept under HOME.",
    )
    pseudonym_key: HmacKey | None = Field(
        None, description="Secret under which learner ids are replaced by an HMAC at ingest; unset: kept."
    )
    schedule: Literal["nightly", "hourly", "off"] = Field(
        "nightly", description="When runs start by themselves; hourly refreshes today as well."
    )
    alert_urls: SecretStr | None = Field(
        None,
        description="Apprise URLs that hear of failed runs and skipped nights, parted by spaces or commas.",
    )
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

    @model_validator(mode="after")
    def _cluster_is_named(self) -> Self:
        if self.engine == "spark" and self.spark_master is None:
            raise ValueError("ANALYTICS_ENGINE=spark needs ANALYTICS_SPARK_MASTER, the cluster's address")
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        given = (self.oidc_issuer, self.oidc_audience, self.oidc_jwks_url)
        if any(given) and not all(given):
            raise ValueError(
                "ANALYTICS_OIDC_ISSUER, ANALYTICS_OIDC_AUDIENCE and ANALYTICS_OIDC_JWKS_URL go together; "
                "set all three, or none"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def lake_root(self) -> str:
        """Folder or object-store URL under which the lake's files lie."""
        return self.lake or str(self.home.absolute() / "lake")

    def for_course(self, course_id: str) -> "Settings":
        """The settings under which this course is judged."""
        override = self.signal_overrides.get(course_id, SignalOverride())
        own = {f"signal_{name}": value for name, value in override if value is not None}
        window = self.funnel_windows.get(course_id, self.funnel_window_days)
        return self.model_copy(update={**own, "funnel_window_days": window})

    def as_environment(self) -> dict[str, str]:
        """The variables that give a process these very settings, whatever folder it starts in."""
        values = self.model_dump() | {"home": self.home.absolute()}
        if self.lake is not None and "://" not in self.lake:
            values["lake"] = str(Path(self.lake).absolute())
        if self.catalogue_file is not None:
            values["catalogue_file"] = self.catalogue_file.absolute()
        return {f"ANALYTICS_{name.upper()}": _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return json.dumps(value)
    return "" if value is None else str(value)


def load_settings() -> Settings:
    """Read the settings; raise WrongSettingError with one sentence on the first that cannot be used."""
    try:
        return Settings()
    except (ValidationError, SettingsError) as error:
        raise WrongSettingError(sentence_of(error)) from error
