"""Facts about finetune's commands for the DAGs; this module does not need Airflow."""

import glob
import json
import math
import os
import pathlib
import re

MAIN_CLASS = "io.github.sparkfinetune.cli.Finetune"

# Exit codes after which a retry of the same command ends in the same way.
FUTILE = {2: "bad usage or configuration", 3: "bad data or model"}

# Metrics whose smaller value is better.
LOWER_IS_BETTER = {"loss", "perplexity", "mse", "rmse", "mae"}

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

    webhdfs -- HOST:PORT of the name node's HTTP server, by which hdfs: is read; None if Airflow has no access to it
    """
    path = re.sub(r"^s3[an]:", "s3:", path)
    if webhdfs:
        path = re.sub(r"^hdfs:(//[^/]*)?/", f"webhdfs://{webhdfs}/", path)
    return re.sub(r"^file:/*", "/", path)


def metrics_file(command, folder, options):
    """Returns the metrics.json that a command writes, or None.

    folder -- output.dir, or None if unknown
    """
    if command not in ("train", "evaluate", "run"):
        return None
    if command == "evaluate" and options.get("input"):
        folder = options.get("output") or (folder and f"{folder}/evaluated")
    return folder and f"{folder.rstrip('/')}/metrics.json"


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


def fallen(pointer, metrics):
    """Compares a pointer's text with a text of metrics.json.

    Returns the metric, its value in each, and the fall: by how much it is worse, negative if it is better. Value and
    fall are None if it was not measured or is no number.
    """
    promoted = json.loads(pointer)["promoted"]
    metric, before = promoted["metric"], promoted["value"]
    value = json.loads(metrics).get("test", {}).get(metric)
    if value is None or not math.isfinite(float(value)):
        return {"metric": metric, "promoted": before, "value": None, "fall": None}
    fall = value - before if metric in LOWER_IS_BETTER else before - value
    return {"metric": metric, "promoted": before, "value": value, "fall": fall}


def newest_manifest(names):
    """Returns the name of the newest manifest among the names of a dataset's files, or None."""
    found = {int(match.group(1)): name for name in names if (match := re.fullmatch(r"manifest-(\d+)\.json", name))}
    kept = [number for number in found if f"retired-{number}" not in names]
    return found[max(kept)] if kept else None


def trained_shares(manifest):
    """Returns the share of each label in the training split of a manifest's text, or None without labels."""
    content = json.loads(manifest)
    return _shares(content["labels"], content["splits"].get("train", {}).get("rows_per_label") or [])


def predicted_shares(metrics):
    """Returns the share of each predicted label in a text of metrics.json, or None without a confusion matrix."""
    matrix = json.loads(metrics).get("confusion_matrix")
    return matrix and _shares(matrix["labels"], [sum(column) for column in zip(*matrix["counts"])])


def _shares(labels, counts):
    total = sum(counts)
    return {label: count / total for label, count in zip(labels, counts)} if total else None


def drift(trained, predicted):
    """Returns the total variation distance between shares, or None if some are unknown."""
    if not trained or not predicted:
        return None
    return sum(abs(trained.get(name, 0) - predicted.get(name, 0)) for name in trained.keys() | predicted.keys()) / 2


def exceeded(figure, measured, limit):
    """Returns why a figure of MonitorOperator's result, fall or drift, fails the check, or None if it does not."""
    value = measured[figure]
    if value is None and figure == "fall":
        return f"{measured['metric']} of the pointer was not measured on these rows: look at metrics.json"
    if value is None:
        return "the drift is unknown, as metrics.json or the dataset counts no labels: leave max_drift out"
    if value <= limit:
        return None
    if figure == "fall":
        return (
            f"{measured['metric']} is {measured['value']}, worse than {measured['promoted']} of the promotion by more"
            f" than max_fall {limit}: train a model on newer rows, or roll back"
        )
    return (
        f"predicted labels have drifted by {value:.4f}, more than max_drift {limit}: predicted {measured['predicted']},"
        f" trained {measured['trained']}: look at the rows, then train on newer ones"
    )
