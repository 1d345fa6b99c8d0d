"""Runs in a session of Spark Connect, whose server has the jar. Nothing here needs py4j or a JVM."""

from __future__ import annotations

import json
import pathlib
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from pyspark.sql import DataFrame, SparkSession

from spark_finetune.errors import KINDS, ConfigError, FailedError, FinetuneError
from spark_finetune.progress import watch

#: Data source of the jar whose single row is the answer to a call.
_SOURCE = "io.github.sparkfinetune.job.connect.CallSource"
#: Kinds of errors that say nothing about the cause; AnalysisException and others are subclasses of the first.
_UNKNOWN = ("SparkConnectGrpcException", "SparkException")
_URI = re.compile("[A-Za-z][A-Za-z0-9+.-]+:.*")


def _error(error: SparkConnectGrpcException) -> FinetuneError | None:
    """Returns the error of this package for an error of Spark; None for one of Spark's own kinds."""
    text = " ".join(str(error).split())
    if _SOURCE in text and ("DATA_SOURCE_NOT_FOUND" in text or "ClassNotFoundException" in text):
        return ConfigError(
            "the Spark Connect server has no spark-finetune-VERSION.jar: start the server with --jars and this jar"
        )
    if "OPERATION_CANCELED" in text:
        return FailedError("the call was interrupted: start it again, what is done stays done")
    return FailedError(text) if type(error).__name__ in _UNKNOWN else None


class _Answer:
    """Answer of the server to a call."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.value = answer["value"]
        self._error = answer["error"]

    def checked(self) -> Any:
        """Returns the value.

        :raises FinetuneError: if the call failed
        """
        if self._error is not None:
            raise KINDS[self._error["exit_code"]](self._error["message"])
        return self.value


def _answer(spark: SparkSession, call: str, arguments: dict[str, Any]) -> _Answer:
    options = {"call": call, "arguments": json.dumps(arguments, ensure_ascii=False)}
    try:
        (row,) = spark.read.format(_SOURCE).options(**options).load().collect()
    except SparkConnectGrpcException as error:
        known = _error(error)
        if known is None:
            raise
        raise known from error
    return _Answer(json.loads(row[0]))


def _call(spark: SparkSession, call: str, **arguments: Any) -> Any:
    return _answer(spark, call, arguments).checked()


class _View:
    """A view by which the server finds rows during a call."""

    def __init__(self, spark: SparkSession, rows: DataFrame) -> None:
        self._spark = spark
        self._rows = rows
        self._name = f"finetune_{uuid.uuid4().hex}"

    def __enter__(self) -> str:
        self._rows.createOrReplaceTempView(self._name)
        return self._name

    def __exit__(self, *error: Any) -> None:
        self._spark.catalog.dropTempView(self._name)


class ConnectBackends:
    """Makes runs whose configuration the server has checked."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def source(self, rows: DataFrame) -> str:
        with _View(self._spark, rows) as view:
            return str(_call(self._spark, "rows", view=view))

    def of_text(self, text: str, name: str, settings: list[str], stage: str | None) -> ConnectRun:
        return self._run("ofText", text=text, name=name, settings=settings, stage=stage)

    def of_file(self, path: str, settings: list[str], stage: str | None) -> ConnectRun:
        if _URI.fullmatch(path):
            return self._run("ofFile", path=path, settings=settings, stage=stage)
        # A path without a scheme is one of this machine, not of the server.
        try:
            text = pathlib.Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file: name the run's YAML file") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{path}: is not UTF-8 text: save it as UTF-8") from None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
        return self.of_text(text, path, settings, stage)

    def of_folder(self, folder: str) -> ConnectRun:
        return self._run("ofFolder", folder=folder)

    def proposed(self, model: str, data: str, task: str | None, settings: list[str]) -> str:
        given = {"model": model, "data": data, "settings": settings, **({} if task is None else {"task": task})}
        return str(_call(self._spark, "proposed", **given))

    def verdicts(self, rows: DataFrame, column: str, settings: list[str]) -> DataFrame:
        with _View(self._spark, rows) as view:
            return self._spark.table(_call(self._spark, "verdicts", view=view, column=column, settings=settings))

    def _run(self, call: str, **arguments: Any) -> ConnectRun:
        return ConnectRun(self._spark, _call(self._spark, call, **arguments))


class ConnectRun:
    """A run by its whole configuration, which every call sends."""

    def __init__(self, spark: SparkSession, config: str) -> None:
        self._spark = spark
        self._config = config

    def config(self) -> str:
        return self._config

    def plan(self) -> tuple[str, str | None]:
        planned = self._call("plan")
        return planned["text"], planned["refusal"]

    def step(self, name: str, **arguments: Any) -> None:
        watch(name, _Step(self._spark, name, {"run": self._config, **arguments}))

    def manifest(self) -> str:
        return str(self._call("manifest"))

    def funnel(self) -> str:
        return str(self._call("funnel"))

    def groups(self) -> str:
        return str(self._call("groups"))

    def file(self, name: str) -> str | None:
        text = self._call("file", name=name)
        return None if text is None else str(text)

    def samples(self, split: str) -> DataFrame:
        return self._spark.table(self._call("samples", split=split))

    def predict(self, rows: DataFrame, column: str) -> DataFrame:
        with _View(self._spark, rows) as view:
            return self._spark.table(self._call("predictions", view=view, column=column))

    def predict_per(self, rows: DataFrame, group: str, column: str) -> DataFrame:
        with _View(self._spark, rows) as view:
            return self._spark.table(self._call("predictions_per", view=view, column=column, group=group))

    def _call(self, call: str, **arguments: Any) -> Any:
        return _call(self._spark, call, run=self._config, **arguments)


class _Step:
    """A step that the server runs as long as one call takes; other calls ask for its progress and cancel it."""

    #: Each poll is an operation of the server.
    poll_seconds = 1.0

    def __init__(self, spark: SparkSession, name: str, arguments: dict[str, Any]) -> None:
        self._spark = spark
        self._name = name
        self._id = uuid.uuid4().hex
        self._arguments = {**arguments, "step": self._id}
        self._answer: _Answer | None = None
        self._lines = 0
        self._latest: dict[str, Any] = {"line": "", "share": 0.0}

    def thread(self, target: Callable[[], None]) -> threading.Thread:
        # Tags belong to a thread; interruptTag interrupts the step too.
        tags = self._spark.getTags()

        def tagged() -> None:
            for tag in tags:
                self._spark.addTag(tag)
            target()

        return threading.Thread(target=tagged, daemon=True)

    def run(self) -> None:
        self._answer = _answer(self._spark, self._name, self._arguments)
        self._answer.checked()

    def shown(self) -> dict[str, Any]:
        answer = self._answer
        if answer is None:
            now = _call(self._spark, "shown", step=self._id, **{"from": self._lines})
            if not (now["lines"] or now["line"] or now["share"]):
                # The step has ended, and its answer is on the way.
                now = {**self._latest, "lines": []}
        elif answer.value is None:
            now = {"lines": [], "line": "", "share": 0.0}
        else:
            now = {**answer.value, "lines": answer.value["lines"][self._lines :]}
        self._lines += len(now["lines"])
        self._latest = now
        return dict(now)

    def cancel(self) -> bool:
        return bool(_call(self._spark, "cancel", step=self._id))
