"""Facts about finetune's commands for the DAGs; this module does not need Airflow."""

import glob
import json
import os
import pathlib
import re

MAIN_CLASS = "io.github.sparkfinetune.cli.Finetune"

# Exit codes after which a retry of the same command ends in the same way.
FUTILE = {2: "bad usage or configuration", 3: "bad data or model"}

# Format in which SparkSubmitHook reports the exit code of spark-submit.
_ERROR_CODE = re.compile(r"Error code is: (-?\d+)")


def default_jar():
    """Returns SPARK_FINETUNE_JAR, else the jar of the distribution or repository of this file, else an empty text."""
    jars = glob.glob(str(pathlib.Path(__file__).resolve().parents[2] / "target/spark-finetune-*.jar"))
    return os.environ.get("SPARK_FINETUNE_JAR") or (jars[0] if len(jars) == 1 else "")


def run_folder(root, run_id):
    """Returns the output.dir of a DAG run. Names in Hadoop's paths have no colon."""
    return f"{root.rstrip('/')}/{re.sub('[^A-Za-z0-9_.-]', '-', run_id)}"


def arguments(command, params, run_id):
    """Returns the command line of a command, from the parameters of the DAG run."""
    if command == "rollback":
        return [command, "--pointer", params["pointer"], "--run-id", run_id]
    line = [command, "--config", params["config"]]
    # The last value of a key wins, so no override moves the run out of its folder.
    for override in (*params["overrides"], f"output.dir={run_folder(params['output_root'], run_id)}"):
        line += ["--set", override]
    if command == "promote":
        line += ["--pointer", params["pointer"], "--run-id", run_id]
        line += ["--metric", params["metric"]] if params["metric"] else []
    return line


def readable(path):
    """Converts a Hadoop path to the form of fsspec, with which Airflow reads."""
    path = re.sub(r"^s3[an]:", "s3:", path)
    return re.sub(r"^file:/*", "/", path)


def outcome(before, after, error):
    """Returns the exit code of a command, or None if unknown, and its message.

    before, after -- text of status.json before and after the command, None if the file does not exist. A changed file
                     means that the command ended by itself. Only the file has the code of a driver on the cluster.
    error         -- error of spark-submit's hook, None without an error
    """
    if after is not None and after != before:
        status = json.loads(after)
        return status["exit_code"], status["message"]
    if error is None:
        return 0, None
    code = _ERROR_CODE.search(error)
    return (int(code.group(1)) if code else None), error


def is_promoted(pointer, run_id):
    """Returns whether a pointer's text names a run's model as the model in use."""
    return json.loads(pointer)["promoted"]["run_id"] == run_id
