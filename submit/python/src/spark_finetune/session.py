"""The Spark session of a notebook, and its JVM."""

from __future__ import annotations

import glob
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from spark_finetune.errors import ConfigError

if TYPE_CHECKING:
    from pyspark import SparkContext

PACKAGE = "io.github.sparkfinetune"

#: Settings that runs need in a session, as ``finetune`` sets them. Heartbeats carry the progress.
SETTINGS: dict[str, str] = {
    "spark.executor.heartbeatInterval": "1s",
    "spark.executor.heartbeat.maxFailures": "600",
    "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "1s",
    "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures": "600",
    "spark.barrier.sync.timeout": "900s",
    "spark.decommission.enabled": "true",
    "spark.storage.decommission.enabled": "true",
    "spark.storage.decommission.shuffleBlocks.enabled": "true",
    "spark.storage.decommission.rddBlocks.enabled": "true",
    "spark.storage.decommission.replicationReattemptInterval": "1s",
    "spark.task.reaper.enabled": "true",
    "spark.task.reaper.pollingInterval": "1s",
    "spark.task.reaper.killTimeout": "30s",
    "spark.ui.showConsoleProgress": "false",
    "spark.dynamicAllocation.enabled": "false",
    # Spark's own words, and keys of lineage services and the command line, which may name a person.
    "spark.redaction.regex": (
        "(?i)secret|password|token|access[.]?key|(?i:api[.]?key|authorization|credential|sun[.]java[.]command)"
    ),
}

#: Environment of the computing processes, as ``finetune`` sets it: memory of tensors stays in the process.
ENVIRONMENT: dict[str, str] = {
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_TOP_PAD_": "134217728",
    "MALLOC_ARENA_MAX": "16",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
}


#: The jar in an installed wheel, as a pattern.
INSTALLED_JAR = str(pathlib.Path(__file__).parent / "submit/target/spark-finetune-*.jar")


def session(
    jar: str | None = None,
    *,
    master: str = "local[2]",
    executors: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> SparkSession:
    """Starts the Spark session of a notebook, or returns the existing session.

    An existing session needs the jar (``spark.jars``) and should have :data:`SETTINGS`.

    :param jar: path of ``spark-finetune-VERSION.jar``, by default the jar in the installed wheel; may be a pattern that
        one file matches, such as ``submit/target/spark-finetune-*.jar``
    :param master: master of the cluster; ``local[N]`` has room for N ranks
    :param executors: executors from the session's start, one for each rank; platforms such as EMR and Dataproc allocate
        them as jobs need them unless this is set
    :param settings: further ``spark.*`` settings, which override the others
    :raises ConfigError: if the jar does not exist, or the existing session has no jar
    """
    if jar is None:
        jar = INSTALLED_JAR
        if not glob.glob(jar):
            raise ConfigError(
                "spark_finetune was installed without the jar: name spark-finetune-VERSION.jar, or install the wheel of"
                " a release"
            )
    jars = sorted(glob.glob(jar)) if "://" not in jar else [jar]
    if len(jars) != 1:
        raise ConfigError(f"jar: {jar} fits {len(jars)} files: name the one spark-finetune-VERSION.jar")
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # A cell shows the JVM's log, so only warnings and errors are logged.
    os.environ.setdefault("LOG4J_CONFIGURATION_FILE", pathlib.Path(__file__).with_name("log4j2.properties").as_uri())
    wanted = {
        **SETTINGS,
        **{f"spark.executorEnv.{name}": value for name, value in ENVIRONMENT.items()},
        "spark.jars": os.path.abspath(jars[0]) if "://" not in jars[0] else jars[0],
        **({} if executors is None else {"spark.executor.instances": str(executors)}),
        **(settings or {}),
    }
    if master.startswith("local"):
        # A single machine needs no host name in the network.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        wanted.setdefault("spark.ui.enabled", "false")
    builder = SparkSession.builder.master(master).appName("spark-finetune")
    for name, value in wanted.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    java_class(spark.sparkContext, "job.session.SessionRun")
    return spark


def java_class(context: SparkContext, name: str) -> Any:
    """Returns a class of the jar, by its name below ``io.github.sparkfinetune``.

    :raises ConfigError: if the session has no jar
    """
    # A client of Spark Connect may have no py4j.
    from py4j.java_gateway import JavaPackage

    found: Any = context._jvm
    for part in f"{PACKAGE}.{name}".split("."):
        found = getattr(found, part)
    if isinstance(found, JavaPackage):
        raise ConfigError(
            "this Spark session has no spark-finetune-VERSION.jar: stop it, and start one with"
            " spark_finetune.session(jar), or with spark.jars set"
        )
    return found
