import dagster as dg
import pytest

from sensors.run_errors import FROM_OUTSIDE, run_error


def test_a_run_that_is_stopped_in_the_middle_says_so_and_not_what_dagster_calls_it() -> None:
    @dg.op
    def stopped() -> None:
        raise dg.DagsterExecutionInterruptedError

    @dg.job(executor_def=dg.in_process_executor)
    def night() -> None:
        stopped()

    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(dg.DagsterExecutionInterruptedError):
            night.execute_in_process(instance=instance)
        (run,) = instance.get_runs()
        events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
    assert run_error(events) == f"stopped: {FROM_OUTSIDE}"
