"""The settings of a site: where its services listen, where state lies and for how long, and who is let in."""

from datetime import date
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, SecretStr, model_validator

from analytics_pipeline.settings.values import HmacKey, LakePlace, SparkCluster, TimeZoneName


class SiteSettings(BaseModel):
    """What holds for all services and courses of the site."""

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
