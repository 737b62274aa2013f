"""The cluster that the settings name, where they name one."""

from collections.abc import Iterator
from contextlib import contextmanager

from analytics_pipeline.engine.duckdb import Engine
from analytics_pipeline.engine.relations import Models
from analytics_pipeline.settings import Settings, WrongSettingError


@contextmanager
def open_cluster(settings: Settings, duck: Engine) -> Iterator[Models | None]:
    """What runs the models on the cluster within the block; None where DuckDB is to run them.

    Raises ClusterUnreachableError, and WrongSettingError where the packages for it are not installed.
    """
    if settings.engine == "duckdb" or settings.spark_master is None:
        yield None
        return
    try:
        # Only a site with a cluster has the packages.
        from analytics_pipeline.engine.spark import open_spark  # noqa: PLC0415
    except ImportError as error:
        raise WrongSettingError(
            "ANALYTICS_ENGINE=spark needs more packages: install this project with its extra, '.[spark]'."
        ) from error
    with open_spark(settings.spark_master, duck) as cluster:
        yield cluster
