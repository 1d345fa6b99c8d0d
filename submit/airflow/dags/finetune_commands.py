"""What the DAGs know of finetune's commands; nothing here needs Airflow."""

import glob
import json
import os
import pathlib
import re

MAIN_CLASS = "io.github.sparkfinetune.cli.Finetune"

# Exit codes after which the same command ends in the same way.
FUTILE = {2: "bad usage or configuration", 3: "bad data or model"}

# How SparkSubmitHook tells what spark-submit ended with.
_ERROR_CODE = re.compile(r"Error code is: (-?\d+)")


def default_jar():
    """SPARK_FINETUNE_JAR, else the jar of the distribution or the repository that this file lies in, else nothing."""
    jars = glob.glob(str(pathlib.Path(__file__).resolve().parents[2] / "target/spark-finetune-*.jar"))
    return os.environ.get("SPARK_FINETUNE_JAR") or (jars[0] if len(jars) == 1 else "")


def run_folder(root, run_id):
    """The output.dir of a DAG run. Hadoop's paths have no colon in a name."""
    return f"{root.rstrip('/')}/{re.sub('[^A-Za-z0-9_.-]', '-', run_id)}"


def arguments(command, params, run_id):
    """The command line of a command, from the parameters of the DAG run."""
    if command == "rollback":
        return [command, "--pointer", params["pointer"], "--run-id", run_id]
    line = [command, "--config", params["config"]]
    # Of equal keys the last one counts: no override takes the run out of its folder.
    for override in (*params["overrides"], f"output.dir={run_folder(params['output_root'], run_id)}"):
        line += ["--set", override]
    if command == "promote":
        line += ["--pointer", params["pointer"], "--run-id", run_id]
        line += ["--metric", params["metric"]] if params["metric"] else []
    return line


def readable(path):
    """A path of Hadoop's as fsspec, by which Airflow reads, names it."""
    path = re.sub(r"^s3[an]:", "s3:", path)
    return re.sub(r"^file:/*", "/", path)


def outcome(before, after, error):
    """Exit code of a command, None where nothing tells, and its message.

    before, after -- text of status.json before and after it, None where there was none. The command has ended by itself
                     where it wrote the file: of a driver on the cluster nothing else tells the code.
    error         -- what spark-submit's hook said, None where it was content
    """
    if after is not None and after != before:
        status = json.loads(after)
        return status["exit_code"], status["message"]
    if error is None:
        return 0, None
    code = _ERROR_CODE.search(error)
    return (int(code.group(1)) if code else None), error


def is_promoted(pointer, run_id):
    """Whether the text of a pointer says that the model in use is the one of a run."""
    return json.loads(pointer)["promoted"]["run_id"] == run_id
