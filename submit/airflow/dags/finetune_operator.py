"""A finetune command as an Airflow task, run by spark-submit and retried only if a retry can help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import finetune_commands
import fsspec
import yaml
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

try:  # Airflow 3
    from airflow.sdk import DAG, Asset, BaseOperator, ObjectStoragePath, Param
except ImportError:
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.io.path import ObjectStoragePath
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.param import Param
try:  # Airflow 3.2
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = [
    "DAG",
    "MODEL_IN_USE",
    "PARAMS",
    "POINTER",
    "Asset",
    "CheckOperator",
    "FinetuneOperator",
    "InUseOperator",
    "MonitorOperator",
    "Param",
    "PromoteOperator",
    "TrainingOperator",
]

# Parameters of the DAGs.
PARAMS = {
    "jar": Param(
        finetune_commands.default_jar(),
        type="string",
        minLength=1,
        description="spark-finetune-VERSION.jar, where spark-submit finds it; in cluster mode, where the driver does",
    ),
    "spark": Param("spark_default", type="string", description="Connection of the Spark cluster"),
    "conf": Param({}, type="object", description="Settings of Spark, as spark.executor.memory"),
    "webhdfs": Param(
        None, type=["null", "string"], description="HOST:PORT of the name node's HTTP server, by which hdfs: is read"
    ),
}
# Updated by each promotion and rollback: another DAG is scheduled by it, as schedule=[MODEL_IN_USE].
MODEL_IN_USE = Asset("spark-finetune/model-in-use")
POINTER = {"pointer": Param(type="string", minLength=1, description="The JSON file that points at the model in use")}


class FinetuneOperator(SparkSubmitOperator):
    """
    Runs a finetune command by spark-submit.

    A command that ends with exit code 2 or 3 fails at once. Any other failure, such as a lost cluster or a killed
    process, is retried according to the task. The code comes from status.json in output.dir, which the driver writes on
    any machine; without that file it is the code of spark-submit. After train, evaluate and run the task's XCom has the
    metrics of the run.

    :param command: name of the command
    :param config: the run's YAML file, a path or a URI; None for a command without one
    :param set: keys of the configuration, a mapping or a list of KEY=VALUE; output.dir is the folder with status.json
    :param args: options of the command by name, with _ for -: ``{"input": "/mails", "per": "hospital"}``
    :param webhdfs: HOST:PORT of the name node's HTTP server, by which status.json on hdfs: is read; by default the
        parameter webhdfs of the DAG run
    :param jar: the jar, by default the parameter jar of the DAG run
    :param conn_id: connection of the Spark cluster, by default the parameter spark of the DAG run
    :param conf: settings of Spark, added to the parameter conf of the DAG run
    """

    template_fields: Sequence[str] = (*SparkSubmitOperator.template_fields, "command", "config", "set", "args")

    def __init__(
        self,
        *,
        command: str,
        config: str | None = None,
        set: Mapping[str, Any] | Sequence[str] = (),
        args: Mapping[str, Any] | None = None,
        webhdfs: str | None = None,
        jar: str = "{{ params.jar }}",
        conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(application=jar, java_class=finetune_commands.MAIN_CLASS, **kwargs)
        self.command = command
        self.config = config
        self.set = set
        self.args = args
        self.webhdfs = webhdfs
        self._given_conn_id = conn_id
        self._output_dir: str | None = None

    def arguments(self, context: Context) -> list[str]:
        """Returns the command line, and notes the folder of its status.json."""
        return self._line(self.config, finetune_commands.settings(self.set), self.args)

    def _line(self, config: str | None, overrides: list[str], args: Mapping[str, Any] | None) -> list[str]:
        self._output_dir = finetune_commands.output_dir(overrides)
        return finetune_commands.arguments(self.command, config, overrides, args or {})

    def execute(self, context: Context) -> dict[str, Any] | None:
        params = context["params"]
        self.webhdfs = self.webhdfs or params.get("webhdfs")
        self.application_args = self.arguments(context)
        self._conn_id = self._given_conn_id or params.get("spark", "spark_default")
        self.conf = {**params.get("conf", {}), **(self.conf or {})}
        self.name = f"finetune {self.command} {context['run_id']}"
        before = self._status()
        error = None
        try:
            super().execute(context)
        except (AirflowException, RuntimeError) as failure:
            error = failure
        code, message = finetune_commands.outcome(before, self._status(), str(error) if error else None)
        if code in finetune_commands.FUTILE:
            raise AirflowFailException(f"exit code {code}, {finetune_commands.FUTILE[code]}: {message}") from error
        if code != 0:
            raise error or AirflowException(f"exit code {code}: {message}")
        if error is not None:
            self.log.warning("The command is done, as status.json says; how it is followed failed: %s", error)
        path = finetune_commands.metrics_file(self.command, self._output_dir, self.args or {})
        metrics = self._read(path) if path else None
        return None if metrics is None else finetune_commands.measured(metrics)

    def _status(self) -> str | None:
        return self._read(f"{self._output_dir}/status.json") if self._output_dir else None

    def _read(self, path: str) -> str | None:
        """Returns the text of a file, or None if it does not exist or Airflow has no access."""
        try:
            return self._text(path)
        except FileNotFoundError:
            return None
        except Exception as failure:  # fsspec's file systems and their clients raise errors of any type
            self.log.warning(
                "%s cannot be read here, so spark-submit alone tells how the command ended: %s", path, failure
            )
            return None

    def _text(self, path: str) -> str:
        url = finetune_commands.readable(path, self.webhdfs)
        if not url.startswith("webhdfs:"):
            return ObjectStoragePath(url).read_text()
        # Airflow's object storage has no file system for webhdfs:.
        files, plain = fsspec.core.url_to_fs(url, skip_instance_cache=True)
        return files.cat_file(plain).decode()

    def _names(self, path: str) -> list[str]:
        """Returns the names in a folder."""
        url = finetune_commands.readable(path, self.webhdfs)
        if not url.startswith("webhdfs:"):
            return [entry.name for entry in ObjectStoragePath(url).iterdir()]
        files, plain = fsspec.core.url_to_fs(url, skip_instance_cache=True)
        return [entry.rsplit("/", 1)[-1] for entry in files.ls(plain, detail=False)]


class TrainingOperator(FinetuneOperator):
    """Runs a command on the run of the DAG run: its output.dir is in output_root and named by the DAG run's id."""

    def __init__(self, *, config: str = "{{ params.config }}", **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)

    def arguments(self, context: Context) -> list[str]:
        return self._line(self.config, self._settings(context), self.args)

    def _settings(self, context: Context) -> list[str]:
        params = context["params"]
        folder = finetune_commands.run_folder(params["output_root"], context["run_id"])
        # The last value of a key wins, so no override moves the run out of its folder.
        return [*params["overrides"], *finetune_commands.settings(self.set), f"output.dir={folder}"]


class PromoteOperator(TrainingOperator):
    """
    Runs finetune promote. If the model in use stays, the task and its downstream tasks are skipped.

    With the parameter max_fall the task fails instead if the new model is worse by more than that.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(command="promote", outlets=[MODEL_IN_USE], **kwargs)

    def arguments(self, context: Context) -> list[str]:
        params = context["params"]
        args = {"pointer": params["pointer"], "run_id": context["run_id"], "metric": params["metric"]}
        return self._line(self.config, self._settings(context), args)

    def execute(self, context: Context) -> None:
        super().execute(context)
        limit = context["params"].get("max_fall")
        # With a limit, files that cannot be read fail the task: nobody would be called.
        read = self._read if limit is None else self._text
        pointer = read(context["params"]["pointer"])
        if pointer is not None and not finetune_commands.is_promoted(pointer, context["run_id"]):
            if limit is not None:
                measured = finetune_commands.fallen(pointer, self._text(f"{self._output_dir}/metrics.json"))
                why = finetune_commands.exceeded("fall", measured, limit)
                if why:
                    raise AirflowFailException(f"the model in use stays: {why}")
            raise AirflowSkipException("the model in use is not worse: it stays")


class InUseOperator(FinetuneOperator):
    """Runs a command, such as predict, on the run whose model is in use, with the settings of its training.

    :param set: further keys, such as predict.precision
    """

    _pointer: str | None = None

    def arguments(self, context: Context) -> list[str]:
        self._pointer = self._read(context["params"]["pointer"])
        if self._pointer is None:
            raise AirflowFailException(f"{context['params']['pointer']} cannot be read: promote a model first")
        folder = finetune_commands.run_in_use(self._pointer)
        overrides = [*finetune_commands.settings(self.set), f"output.dir={folder}"]
        return self._line(f"{folder}/run.yaml", overrides, self.args)


class MonitorOperator(InUseOperator):
    """
    Runs finetune evaluate on labelled rows with the model in use, and compares the result with its training.

    The task's XCom has metric, promoted, value and fall, and drift with the shares predicted and trained. What is not
    known is None. A CheckOperator reads it.

    :param args: input and output of evaluate
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(command="evaluate", **kwargs)

    def execute(self, context: Context) -> dict[str, Any]:
        super().execute(context)
        metrics = self._text(finetune_commands.metrics_file(self.command, self._output_dir, self.args))
        predicted = finetune_commands.predicted_shares(metrics)
        trained = self._trained() if predicted else None
        return {
            **finetune_commands.fallen(self._pointer, metrics),
            "drift": finetune_commands.drift(trained, predicted),
            "predicted": predicted,
            "trained": trained,
        }

    def _trained(self) -> dict[str, float] | None:
        data = yaml.safe_load(self._text(f"{self._output_dir}/run.yaml"))["data"]
        folder = data.get("dir") or f"{self._output_dir}/dataset"
        # The number of a dataset that the configuration holds on to.
        pinned = data.get("generation")
        name = f"manifest-{pinned}.json" if pinned else finetune_commands.newest_manifest(self._names(folder))
        return finetune_commands.trained_shares(self._text(f"{folder}/{name}")) if name else None


class CheckOperator(BaseOperator):
    """
    Fails at once if a figure of a MonitorOperator exceeds the parameter max_FIGURE; skipped if that is not set.

    :param measured: output of the MonitorOperator
    :param figure: fall or drift
    """

    template_fields: Sequence[str] = ("measured",)

    def __init__(self, *, measured: Any, figure: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.measured = measured
        self.figure = figure

    def execute(self, context: Context) -> None:
        limit = context["params"].get(f"max_{self.figure}")
        if limit is None:
            raise AirflowSkipException(f"max_{self.figure} is not set")
        self.log.info("%s: %s", self.figure, self.measured)
        why = finetune_commands.exceeded(self.figure, self.measured, limit)
        if why:
            raise AirflowFailException(why)
