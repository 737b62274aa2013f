"""A model as Spark is to read it."""

import pytest

from analytics_pipeline.engine.dialect import columns_for_spark, for_spark


def test_parameters_are_bound_by_name_and_never_written_into_the_model() -> None:
    sql, parameters = for_spark("SELECT n FROM t WHERE at < $as_of AND n > $quiet_days")
    assert sql == "SELECT n FROM t WHERE at < :as_of AND n > :quiet_days"
    assert parameters == {"as_of", "quiet_days"}


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("SELECT array_agg(n)", "SELECT NULLIF(COLLECT_LIST(n), ARRAY())"),
        (
            "SELECT list_sort(array_agg(n) FILTER (WHERE n > 1))",
            "SELECT ARRAY_SORT(NULLIF(COLLECT_LIST(n) FILTER(WHERE n > 1), ARRAY()))",
        ),
    ],
)
def test_a_list_of_no_rows_is_null_as_in_duckdb(duckdb: str, spark: str) -> None:
    assert for_spark(duckdb)[0] == spark


def test_an_instant_becomes_the_same_number_of_microseconds() -> None:
    assert for_spark("SELECT epoch_us(at)")[0] == "SELECT UNIX_MICROS(at)"


def test_columns_keep_their_types() -> None:
    schema = {
        "at": "TIMESTAMPTZ",
        "orders": 'STRUCT("at" TIMESTAMPTZ, amount DECIMAL(18, 4))[]',
        "n": "BIGINT",
    }
    assert columns_for_spark(schema) == (
        "`at` TIMESTAMP, `orders` ARRAY<STRUCT<`at`: TIMESTAMP, amount: DECIMAL(18, 4)>>, `n` BIGINT"
    )
