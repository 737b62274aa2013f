"""What one run of the pipeline works with."""

from dataclasses import dataclass

from psycopg import Connection

from analytics_pipeline.database.turn import Turn
from analytics_pipeline.engine import Engine, Models
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class PipelineRun:
    """One run that holds the turn; the connection is of the role analytics_pipeline, in autocommit mode."""

    connection: Connection
    lake: Lake
    engine: Engine
    turn: Turn
    settings: Settings
    cluster: Models | None = None

    def __post_init__(self) -> None:
        if not self.connection.autocommit:
            # A block that should be one transaction would be a savepoint, and its commit none.
            raise ValueError("A run needs a connection in autocommit mode.")

    @property
    def models(self) -> Models:
        """What runs the SQL models: the cluster, where there is one."""
        return self.cluster or self.engine

    @property
    def run_id(self) -> str:
        """The id of the run, as every row that it publishes names it."""
        return self.turn.run_id
