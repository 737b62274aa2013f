"""A Spark cluster on loopback: a standalone master and two workers of one core and 1 GB each."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark
import pytest

HOME = Path(pyspark.__file__).parent
# No compiling that only pays in long runs, and no verifying of the thousands of classes that come with Spark.
JAVA = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)

DEFAULTS = f"""
spark.ui.enabled                 false
spark.sql.shuffle.partitions     2
spark.driver.memory              512m
spark.executor.memory            512m
spark.driver.host                127.0.0.1
spark.driver.bindAddress         127.0.0.1
spark.driver.extraJavaOptions    {JAVA}
spark.executor.extraJavaOptions  {JAVA}
spark.sql.codegen.wholeStage     false
"""
# The last line: nor code of its own for each query.
LOGGING = """
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c: %m%n
logger.deploy.name = org.apache.spark.deploy
logger.deploy.level = info
"""


@contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """Start one with its files under `folder`; gives the address of its master.

    Within the block a driver of this process, or of one that it starts, finds its configuration.
    """
    configuration = folder / "conf"
    configuration.mkdir(parents=True)
    (configuration / "spark-defaults.conf").write_text(DEFAULTS)
    (configuration / "log4j2.properties").write_text(LOGGING)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as running:
        patch.setenv("SPARK_CONF_DIR", str(configuration))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("SPARK_DAEMON_MEMORY", "256m")
        patch.setenv("SPARK_DAEMON_JAVA_OPTS", JAVA)
        patch.setenv("SPARK_LAUNCHER_OPTS", JAVA)
        master = [".master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        address = running.enter_context(_daemon(folder / "master.log", master, r"spark://[\d.]+:\d+"))
        for number in (1, 2):
            worker = [".worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "-c", "1", "-m", "1g"]
            at = ["-d", str(folder / f"work-{number}"), address]
            ready = r"Successfully registered with master"
            running.enter_context(_daemon(folder / f"worker-{number}.log", [*worker, *at], ready))
        yield address


@contextmanager
def _daemon(log: Path, arguments: list[str], ready: str) -> Iterator[str]:
    """One of Spark's daemons, once its log says that it is ready; gives what it says then."""
    with log.open("w") as output:
        command = [
            str(HOME / "bin" / "spark-class"),
            f"org.apache.spark.deploy{arguments[0]}",
            *arguments[1:],
        ]
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "SPARK_HOME": str(HOME)}
        )
    try:
        while (said := re.search(ready, log.read_text())) is None:
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.1)
        yield said.group()
    finally:
        process.terminate()
        process.wait()
