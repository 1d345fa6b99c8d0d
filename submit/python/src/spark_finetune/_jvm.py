"""Runs in a session whose JVM is beside Python."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from pyspark import InheritableThread
from pyspark.sql import DataFrame, SparkSession

from spark_finetune.errors import java_errors
from spark_finetune.progress import watch
from spark_finetune.session import java_class


class JvmBackends:
    """Makes runs by ``job.session.SessionRun``."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._runs = java_class(spark.sparkContext, "job.session.SessionRun")

    def source(self, rows: DataFrame) -> str:
        with java_errors():
            return str(java_class(self._spark.sparkContext, "spark.source.NamedRows").view(rows._jdf))

    def of_text(self, text: str, name: str, settings: list[str], stage: str | None) -> JvmRun:
        with java_errors():
            return JvmRun(self._spark, self._runs.ofText(self._spark._jsparkSession, text, name, settings, stage))

    def of_file(self, path: str, settings: list[str], stage: str | None) -> JvmRun:
        with java_errors():
            return JvmRun(self._spark, self._runs.ofFile(self._spark._jsparkSession, path, settings, stage))

    def of_folder(self, folder: str) -> JvmRun:
        with java_errors():
            return JvmRun(self._spark, self._runs.ofFolder(self._spark._jsparkSession, folder))

    def proposed(self, model: str, data: str, task: str | None, settings: list[str]) -> str:
        with java_errors():
            return str(self._runs.proposed(self._spark._jsparkSession, model, data, task, settings))

    def verdicts(self, rows: DataFrame, column: str, settings: list[str]) -> DataFrame:
        verdicts = java_class(self._spark.sparkContext, "spark.predict.CorpusVerdicts")
        with java_errors():
            return DataFrame(verdicts.of(rows._jdf, column, settings), self._spark)


class JvmRun:
    """A ``SessionRun``."""

    def __init__(self, spark: SparkSession, java: Any) -> None:
        self._spark = spark
        self._java = java

    def config(self) -> str:
        return str(self._java.json())

    def plan(self) -> tuple[str, str | None]:
        with java_errors():
            planned = self._java.plan()
        return planned.text(), planned.refusal()

    def step(self, name: str, **arguments: Any) -> None:
        watch(name, _Step(self._java, name, json.dumps(arguments, ensure_ascii=False)))

    def manifest(self) -> str:
        with java_errors():
            return str(self._java.manifest())

    def funnel(self) -> str:
        with java_errors():
            return str(self._java.funnel())

    def groups(self) -> str:
        with java_errors():
            return str(self._java.groups())

    def file(self, name: str) -> str | None:
        with java_errors():
            text = self._java.file(name)
        return None if text is None else str(text)

    def samples(self, split: str) -> DataFrame:
        with java_errors():
            return DataFrame(self._java.samples(split), self._spark)

    def predict(self, rows: DataFrame, column: str) -> DataFrame:
        with java_errors():
            return DataFrame(self._java.predict(rows._jdf, column), self._spark)

    def predict_per(self, rows: DataFrame, group: str, column: str) -> DataFrame:
        with java_errors():
            return DataFrame(self._java.predictPer(rows._jdf, group, column), self._spark)


class Followed:
    """Work in the JVM, of which one thread waits for the end and another shows the progress."""

    poll_seconds = 0.25

    def __init__(self, java: Any) -> None:
        self._java = java

    def thread(self, target: Callable[[], None]) -> threading.Thread:
        return InheritableThread(target=target, daemon=True)

    def shown(self) -> dict[str, Any]:
        return dict(json.loads(self._java.shown()))

    def cancel(self) -> bool:
        return bool(self._java.cancel())


class _Step(Followed):
    """A step of ``SessionRun``."""

    def __init__(self, java: Any, name: str, arguments: str) -> None:
        super().__init__(java)
        self._name = name
        self._arguments = arguments

    def run(self) -> None:
        """Does the step until its end."""
        with java_errors():
            self._java.step(self._name, self._arguments)
