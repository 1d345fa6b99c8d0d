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


def settings(given):
    """Returns KEY=VALUE of a mapping, whose values become JSON, or of a list of KEY=VALUE."""
    if isinstance(given, dict):
        return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items()]
    return list(given or ())


def output_dir(overrides):
    """Returns the last output.dir in KEY=VALUE settings, or None."""
    found = [override.split("=", 1)[1] for override in overrides if override.split("=", 1)[0].strip() == "output.dir"]
    return found[-1].strip().strip("\"'") if found else None


def arguments(command, config, overrides, options):
    """Returns the command line of a command.

    options -- by name, with _ for -: a text or a number; True for an option without a value, False or None for none;
               a list for an option that is repeated; a mapping for KEY=VALUE of an option that is repeated
    """
    line = [command] if config is None else [command, "--config", config]
    for override in overrides:
        line += ["--set", override]
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, dict):
            value = [f"{key}={one if isinstance(one, str) else json.dumps(one)}" for key, one in value.items()]
        if value is True:
            line.append(option)
        elif value is not None and value is not False:
            for one in value if isinstance(value, (list, tuple)) else [value]:
                line += [option, str(one)]
    return line


def readable(path, webhdfs=None):
    """Converts a Hadoop path to the form of fsspec, with which Airflow reads.

    webhdfs -- HOST:PORT of the name node's HTTP server, by which hdfs: is read; None to read it by libhdfs
    """
    path = re.sub(r"^s3[an]:", "s3:", path)
    if webhdfs:
        path = re.sub(r"^hdfs:(//[^/]*)?/", f"webhdfs://{webhdfs}/", path)
    return re.sub(r"^file:/*", "/", path)


def measured(metrics):
    """Returns what a text of metrics.json has for XCom: the figures of the training and of the held-out text."""
    content = json.loads(metrics)
    return {part: content[part] for part in ("train", "test", "base") if content.get(part)}


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


def run_in_use(pointer):
    """Returns the output.dir of the run whose model a pointer's text names."""
    return json.loads(pointer)["promoted"]["run"]


def is_promoted(pointer, run_id):
    """Returns whether a pointer's text names a run's model as the model in use."""
    return json.loads(pointer)["promoted"]["run_id"] == run_id
