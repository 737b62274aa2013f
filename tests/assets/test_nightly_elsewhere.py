"""The nightly job publishes the same with its lake in a bucket, and with its models on a Spark cluster."""

from datetime import timedelta
from pathlib import Path

import pytest

from analytics_pipeline.days import DayRange
from analytics_pipeline.metrics.models import COHORT, DAILY
from tests.conftest import Server, fresh_database
from tests.dagster_site import FIRST, Site, site_of
from tests.metrics.nights import published
from tests.s3_server import BUCKET, s3_server

DAYS = DayRange(FIRST, FIRST + timedelta(days=1))
# Minutes on a machine that is busy with other things.
pytestmark = pytest.mark.timeout(1800)

Tables = dict[str, list[str]]


def a_night(server: Server, **settings: str) -> tuple[Tables, list[str]]:
    """What a night of a small site with these settings publishes, and the names of its learner-day files."""
    with fresh_database(server) as database:
        site = Site(database, {**site_of(database).environment, **settings})
        site.deliver(list(DAYS), learners=4)
        outcome = site.execute(DAYS)
        assert outcome.success, outcome.error
        assert site.count("analytics.course_daily") == 2
        tables = {
            model.name: sorted(map(repr, published(database, model.name))) for model in (*DAILY, *COHORT)
        }
        with database.connect("pipeline") as connection:
            files = connection.execute("SELECT unnest(learner_files) FROM analytics.lake_day").fetchall()
        return tables, [name for (name,) in files]


@pytest.fixture(scope="module")
def plain(server: Server) -> Tables:
    return a_night(server)[0]


def test_a_night_over_a_bucket_publishes_what_one_over_a_folder_does(server: Server, plain: Tables) -> None:
    with s3_server() as variables:
        tables, _ = a_night(server, ANALYTICS_LAKE=f"s3://{BUCKET}/lake", **variables)
    assert tables == plain


@pytest.mark.soak
def test_a_night_on_a_cluster_publishes_what_one_in_this_process_does(
    server: Server, plain: Tables, spark_master: str
) -> None:
    tables, files = a_night(server, ANALYTICS_ENGINE="spark", ANALYTICS_SPARK_MASTER=spark_master)
    assert tables == plain
    assert all(Path(name).name.startswith("part-") for name in files)
