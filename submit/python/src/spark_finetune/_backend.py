"""What a run needs of its Spark session, for a session with a JVM beside Python and for Spark Connect."""

from __future__ import annotations

from typing import Any, Protocol

from pyspark.sql import DataFrame, SparkSession


class Backend(Protocol):
    """The methods of ``job.session.SessionRun`` in the JVM, for one run. Structured values are JSON."""

    def config(self) -> str:
        """Returns the configuration with every default."""

    def plan(self) -> tuple[str, str | None]:
        """Returns the estimate of a training, and why training would reject the run."""

    def step(self, name: str, **arguments: Any) -> None:
        """Runs a step of ``job.session.SessionStep`` and shows the progress."""

    def manifest(self) -> str: ...

    def funnel(self) -> str: ...

    def groups(self) -> str: ...

    def file(self, name: str) -> str | None:
        """Returns the text of a file of the output folder, or None."""

    def samples(self, split: str) -> DataFrame: ...

    def predict(self, rows: DataFrame, column: str) -> DataFrame: ...

    def predict_per(self, rows: DataFrame, group: str, column: str) -> DataFrame:
        """Adds the predictions of the models of ``run_per``, chosen by the column ``group``."""


class Backends(Protocol):
    """Makes the backends of a session's runs."""

    def source(self, rows: DataFrame) -> str:
        """Registers rows as a view and returns the source of a run."""

    def of_text(self, text: str, name: str, settings: list[str], stage: str | None) -> Backend: ...

    def of_file(self, path: str, settings: list[str], stage: str | None) -> Backend: ...

    def of_folder(self, folder: str) -> Backend: ...

    def proposed(self, model: str, data: str, task: str | None, settings: list[str]) -> str:
        """Returns JSON of a proposed run: its ``yaml``, and lines of what was ``found``."""

    def verdicts(self, rows: DataFrame, column: str, settings: list[str]) -> DataFrame:
        """Adds what ``data.corpus`` would do to each document."""


def is_connect(spark: Any) -> bool:
    """Returns whether a session is one of Spark Connect, without importing its modules."""
    return any(kind.__module__.startswith("pyspark.sql.connect.") for kind in type(spark).__mro__)


def backends(spark: SparkSession) -> Backends:
    """Returns the backends for the kind of session.

    :raises ConfigError: if the session has no jar
    """
    if is_connect(spark):
        from spark_finetune._connect import ConnectBackends

        return ConnectBackends(spark)
    from spark_finetune._jvm import JvmBackends

    return JvmBackends(spark)
