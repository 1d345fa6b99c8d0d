"""A finetune command as an Airflow task, run by spark-submit and retried only if a retry can help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import finetune_commands
from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.io.path import ObjectStoragePath
from airflow.models.param import Param
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

if TYPE_CHECKING:
    from airflow.utils.context import Context

# Parameters of both DAGs.
PARAMS = {
    "jar": Param(
        finetune_commands.default_jar(),
        type="string",
        minLength=1,
        description="spark-finetune-VERSION.jar, where spark-submit finds it; in cluster mode, where the driver does",
    ),
    "pointer": Param(type="string", minLength=1, description="The JSON file that points at the model in use"),
    "spark": Param("spark_default", type="string", description="Connection of the Spark cluster"),
    "conf": Param({}, type="object", description="Settings of Spark, as spark.executor.memory"),
}


class FinetuneOperator(SparkSubmitOperator):
    """
    Runs a finetune command by spark-submit, with the parameters of the DAG run.

    A command that ends with exit code 2 or 3 fails at once. Any other failure, such as a lost cluster or a killed
    process, is retried according to the task. The code comes from status.json in output.dir, which the driver writes on
    any machine; without that file it is the code of spark-submit.

    :param command: name of the command
    """

    def __init__(self, *, command: str, **kwargs: Any) -> None:
        super().__init__(application="{{ params.jar }}", java_class=finetune_commands.MAIN_CLASS, **kwargs)
        self.command = command
        self._output_dir: str | None = None

    def execute(self, context: Context) -> None:
        params, run_id = context["params"], context["run_id"]
        if "output_root" in params:
            self._output_dir = finetune_commands.run_folder(params["output_root"], run_id)
        self._conn_id = params["spark"]
        self.conf = dict(params["conf"])
        self.name = f"finetune {self.command} {run_id}"
        self.application_args = finetune_commands.arguments(self.command, params, run_id)
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

    def _status(self) -> str | None:
        return self._read(f"{self._output_dir}/status.json") if self._output_dir else None

    def _read(self, path: str) -> str | None:
        """Returns the text of a file, or None if it does not exist or Airflow has no access."""
        try:
            return ObjectStoragePath(finetune_commands.readable(path)).read_text()
        except FileNotFoundError:
            return None
        except Exception as failure:  # fsspec's file systems and their clients raise errors of any type
            self.log.warning(
                "%s cannot be read here, so spark-submit alone tells how the command ended: %s", path, failure
            )
            return None


class PromoteOperator(FinetuneOperator):
    """Runs finetune promote. If the model in use stays, the task and its downstream tasks are skipped."""

    def execute(self, context: Context) -> None:
        super().execute(context)
        pointer = self._read(context["params"]["pointer"])
        if pointer is not None and not finetune_commands.is_promoted(pointer, context["run_id"]):
            raise AirflowSkipException("the model in use is not worse: it stays")
