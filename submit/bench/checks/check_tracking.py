"""Checks with MLflow's and TensorBoard's own readers that runs are tracked: check_tracking.py

Starts a real `mlflow server` and trains a tiny classifier by bin/finetune: killed by SIGKILL and resumed; ended by
SIGTERM; with the server down; with a server that does not exist. Then MLflow loads registered models of each kind, and
promote and rollback move an alias. Run in the project's root, with the distribution built.

"""

import hashlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import mlflow
import pandas
import pyarrow.parquet
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

STEPS = 600
WAIT = 300
MODELS = "finetune-core/src/test/resources/golden/models"
MODEL = f"{MODELS}/bert-seqcls"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"


def until(condition, what):
    """Waits at most WAIT seconds for a condition and returns its value."""
    end = time.time() + WAIT
    while time.time() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    sys.exit(f"error: {what}: not within {WAIT} s")


class Server:
    """An mlflow server on a folder, at a fixed port."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        command = [pathlib.Path(sys.executable).parent / "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
        command += ["--port", str(self.port), "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", f"{self.folder}/artifacts"]
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=self.folder)
        until(self.answers, "mlflow server")

    def answers(self):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(WAIT)
            self.process = None


class Run:
    """A run's folder, and its commands."""

    def __init__(self, work, name, uri, settings=()):
        self.dir = work / name
        self.settings = settings
        self.environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": uri,
            "MLFLOW_EXPERIMENT_NAME": "mails",
            "HF_MLFLOW_LOG_ARTIFACTS": "true",
        }
        self.arguments = ["--local", "--config", str(work / "run.yaml"), "--set", f"output.dir={self.dir}"]
        self.arguments += [part for setting in settings for part in ("--set", setting)]

    def start(self, command, *more):
        arguments = [] if command == "rollback" else self.arguments
        return subprocess.Popen(
            ["submit/bin/finetune", command, *arguments, *more],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command, *more, code=0):
        process = self.start(command, *more)
        output = process.communicate(timeout=WAIT)[0]
        if process.returncode != code:
            sys.exit(f"error: finetune {command} ended with {process.returncode} instead of {code}:\n{output}")
        return output

    def records(self):
        file = self.dir / "metrics.jsonl"
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def end_at(self, process, step, how):
        until(lambda: process.poll() is not None or any(r["step"] >= step for r in self.records()), f"step {step}")
        assert process.poll() is None, process.communicate()[0]
        os.killpg(process.pid, how)
        process.communicate(timeout=WAIT)

    def losses(self):
        return {record["step"]: record["loss"] for record in self.records() if "loss" in record}

    def id(self):
        return json.loads((self.dir / "mlflow.json").read_text())["run_id"]


def has_all(client, run):
    """Checks that MLflow has every step of a run once, with its value, and the final metrics."""
    losses = run.losses()
    assert sorted(losses) == list(range(1, STEPS + 1)), len(losses)
    there = client.get_metric_history(run.id(), "loss")
    assert sorted(metric.step for metric in there) == sorted(losses), [metric.step for metric in there]
    assert {metric.step: metric.value for metric in there} == losses
    kept = client.get_run(run.id())
    assert kept.info.status == "FINISHED", kept.info.status
    test = json.loads((run.dir / "metrics.json").read_text())["test"]
    assert {name: kept.data.metrics[f"test_{name}"] for name in test} == test
    return kept


def resumed(client, run):
    process = run.start("run")
    run.end_at(process, 150, signal.SIGKILL)
    first = run.id()
    assert client.get_run(first).info.status == "RUNNING"
    killed_at = max(run.losses())
    run.run("run")
    assert run.id() == first, "another run of MLflow"
    kept = has_all(client, run)
    assert len(client.search_runs([kept.info.experiment_id])) == 1
    assert kept.info.run_name == "killed and resumed"
    assert kept.data.params["training.learning_rate"] == "3.0E-4", kept.data.params["training.learning_rate"]
    assert kept.data.params["method.type"] == "full"
    assert len(client.get_metric_history(first, "eval_loss")) == len([r for r in run.records() if "eval" in r])
    for name in ("model/model.safetensors", "model/config.json"):
        with tempfile.TemporaryDirectory() as folder:
            stored = pathlib.Path(client.download_artifacts(first, name, folder))
            assert stored.read_bytes() == (run.dir / name).read_bytes(), name
    # The server gets no texts of held-out rows.
    assert {file.path for file in client.list_artifacts(first)} == {"run.yaml", "metrics.json", "model"}
    with tempfile.TemporaryDirectory() as folder:
        stored = json.loads(pathlib.Path(client.download_artifacts(first, "metrics.json", folder)).read_text())
        whole = json.loads((run.dir / "metrics.json").read_text())
        assert stored == {key: value for key, value in whole.items() if key not in ("answers", "examples")}
    print(
        f"MLflow: killed at step {killed_at}, resumed; one run, {STEPS} steps once each, "
        "test metrics, settings, files, model"
    )

    files = list((run.dir / "tensorboard").iterdir())
    assert len(files) == 2, files
    events = EventAccumulator(str(run.dir / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    losses = run.losses()
    for tag, values in (("train/loss", losses), ("train/learning_rate", None)):
        scalars = events.Scalars(tag)
        assert [scalar.step for scalar in scalars] == list(range(1, STEPS + 1)), tag
        if values:
            assert all(abs(s.value - values[s.step]) <= 1e-6 * abs(values[s.step]) for s in scalars), tag
    assert len(events.Scalars("eval/loss")) == len([r for r in run.records() if "eval" in r])
    test = json.loads((run.dir / "metrics.json").read_text())["test"]
    assert abs(events.Scalars("test/accuracy")[0].value - test["accuracy"]) < 1e-6
    print(f"TensorBoard: {len(files)} files, {len(events.Tags()['scalars'])} tags, {STEPS} steps once each")


def ended_by_a_signal(client, run):
    process = run.start("run")
    run.end_at(process, 100, signal.SIGTERM)
    assert process.returncode == 143, process.returncode
    assert client.get_run(run.id()).info.status == "KILLED"
    print("SIGTERM: the run of MLflow is KILLED")


def without_server(client, server, run):
    process = run.start("run")
    until(lambda: process.poll() is not None or len(run.records()) > 50, "a run that starts")
    assert process.poll() is None, process.communicate()[0]
    server.stop()
    output = process.communicate(timeout=WAIT)[0]
    assert process.returncode == 0, output
    warnings = [line for line in output.splitlines() if line.startswith("warning   MLflow")]
    assert len(warnings) == 2, output
    server.start()
    run.run("evaluate")
    has_all(client, run)
    print("without a server: the run ended well, with", *warnings, sep="\n  ")
    print("  finetune evaluate sent what was missing")


def nowhere(run):
    started = time.time()
    output = run.run("run", code=2)
    lines = [line for line in output.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and "does not answer" in lines[0], output
    assert not (run.dir / "dataset").exists()
    print(f"no such server: exit code 2 after {time.time() - started:.0f} s: {lines[0]}")


def model(work, server, name, task, base, rows, *settings):
    """Trains and registers a model; returns the run, MLflow's two models, and the rows of `finetune predict`."""
    data = work / f"{name}.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = [
        f"model={os.path.abspath(f'{MODELS}/{base}')}",
        f"task={task}",
        f"data.train={data}",
        "training.max_steps=3",
        "training.report_to=[mlflow]",
        f"training.registered_model_name={name}",
        "cluster.ranks=1",
        *settings,
    ]
    run = Run(work, name, server.uri, settings)
    run.run("run")
    predicted = work / f"{name}.parquet"
    run.run("predict", "--input", str(data), "--output", str(predicted))
    uri = f"models:/{name}/1"
    rows = pyarrow.parquet.read_table(predicted).to_pylist()
    return run, mlflow.transformers.load_model(uri), mlflow.pyfunc.load_model(uri), rows


def close(a, b):
    return abs(a - b) < 1e-4


def registered(client, server, work):
    mails = [
        {"text": f"{text} {i}", "label": label}
        for i in range(20)
        for label, text in (("cat", "the cat"), ("dog", "a dog"))
    ]
    run, pipeline, python, rows = model(work, server, "classifier", "classification", "bert-seqcls", mails)
    texts = [row["text"] for row in mails]
    frame = python.predict(texts)
    assert list(frame["label"]) == [row["prediction"] for row in rows]
    assert all(close(score, row["score"]) for score, row in zip(frame["score"], rows, strict=True))
    assert [one["label"] for one in pipeline(texts)] == [row["prediction"] for row in rows]
    print(f"classification: {len(rows)} labels and scores of mlflow.pyfunc are those of finetune predict")

    version = client.get_model_version("classifier", "1")
    digest = hashlib.sha256((run.dir / "model.sha256").read_bytes()).hexdigest()
    manifest = hashlib.sha256((run.dir / "dataset/manifest-1.json").read_bytes()).hexdigest()
    assert version.run_id == run.id()
    assert (version.tags["model_sha256"], version.tags["dataset_sha256"]) == (digest, manifest), version.tags
    run.run("evaluate")
    assert len(client.search_model_versions("name='classifier'")) == 1, "a version of the same model"
    print("registry: one version of the run, with the hashes of model and dataset")

    pointer = ["--pointer", str(work / "in-use.json")]
    longer = ["training.learning_rate=1.0e-3", "training.max_steps=60"]
    second = Run(work, "second", server.uri, [*run.settings, *longer])
    second.run("run")
    for one, expected in ((run, "1"), (second, "2")):
        print(" ", one.run("promote", *pointer).strip().splitlines()[-1])
        assert client.get_model_version_by_alias("classifier", "champion").version == expected
    print(" ", run.run("rollback", *pointer).strip().splitlines()[-1])
    assert client.get_model_version_by_alias("classifier", "champion").version == "1"


def loaded_by_mlflow(server, work):
    words = [{"text": ["the", "cat", "sat", str(i)], "label": ["O", "B-A", "O", "O"]} for i in range(40)]
    settings = ["training.max_steps=60", "training.learning_rate=3.0e-3"]
    _, pipeline, python, rows = model(work, server, "tagger", "token-classification", "bert-tokencls", words, *settings)
    texts = [" ".join(row["text"]) for row in words]
    found = [[entity["label"] for entity in row["entities"]] for row in rows]
    read = pipeline(texts, aggregation_strategy="first")
    assert [[entity["entity_group"] for entity in entities] for entities in read] == found
    # MLflow's python_function fails on a text without an entity.
    tagged = [i for i, labels in enumerate(found) if labels]
    assert len(tagged) > 20, found
    assert python.predict([texts[i] for i in tagged]) == [",".join(found[i]) for i in tagged]
    print(f"token-classification: the entities of MLflow are those of finetune predict, in {len(tagged)} texts")

    questions = [
        {
            "id": str(i),
            "question": "who sat ?",
            "context": f"the cat sat {i}",
            "answers": {"text": ["cat"], "answer_start": [4]},
        }
        for i in range(20)
    ]
    # The pipeline compares answers of several windows by other scores, so a context is one window here.
    settings = ["data.max_length=64"]
    _, pipeline, python, rows = model(work, server, "reader", "question-answering", "bert-qa", questions, *settings)
    frame = pandas.DataFrame([{"question": row["question"], "context": row["context"]} for row in questions])
    read = list(python.predict(frame))
    differing = [(answer, row["answer"]) for answer, row in zip(read, rows, strict=True) if answer != row["answer"]]
    assert not differing, differing[:3]
    print(f"question-answering: {len(rows)} answers of mlflow.pyfunc are those of finetune predict")

    texts = [{"text": f"the cat sat on the mat and the dog ran to the house {i}"} for i in range(60)]
    _, pipeline, python, _ = model(work, server, "masked", "masked-lm", "bert-mlm", texts)
    assert python.predict(["the [MASK] sat"])[0] == pipeline("the [MASK] sat")[0]["token_str"]
    print("masked-lm: mlflow.pyfunc answers")

    pairs = [{"prompt": f"the cat {i}", "completion": " sat"} for i in range(40)]
    settings = ["method.type=lora", "generation.max_new_tokens=4"]
    _, pipeline, python, rows = model(work, server, "answers", "sft", "llama-tied", pairs, *settings)
    assert type(pipeline.model).__name__.startswith("Peft"), type(pipeline.model)
    answers = list(python.predict([row["prompt"] for row in pairs]))
    same = sum(answer.strip() == row["generated"].strip() for answer, row in zip(answers, rows, strict=True))
    print(f"sft with LoRA: {same} of {len(rows)} answers of mlflow.pyfunc are those of finetune predict")
    assert same == len(rows), (answers[:3], rows[:3])


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        with open(work / "mails.jsonl", "w") as mails:
            for i in range(400):
                label, text = (("cat", "the cat sat"), ("dog", "a dog ran"))[i % 2]
                mails.write(json.dumps({"text": f"{text} {i}", "label": label}) + "\n")
        (work / "run.yaml").write_text(f"""
model: {os.path.abspath(MODEL)}
task: classification
data: {{train: {work}/mails.jsonl, test_fraction: 0.2, max_length: 16, shards: 2}}
training: {{max_steps: {STEPS}, num_train_epochs: 100, per_device_train_batch_size: 4, learning_rate: 3.0e-4,
  save_steps: 40, eval_steps: 100, report_to: [tensorboard, mlflow]}}
cluster: {{ranks: 2}}
output: {{dir: {work}/unused}}
""")
        server = Server(work)
        server.start()
        try:
            client = MlflowClient(server.uri)
            resumed(client, Run(work, "resumed", server.uri, ["training.run_name=killed and resumed"]))
            ended_by_a_signal(client, Run(work, "signal", server.uri))
            without_server(client, server, Run(work, "away", server.uri))
            mlflow.set_tracking_uri(server.uri)
            registered(client, server, work)
            loaded_by_mlflow(server, work)
        finally:
            server.stop()
        nowhere(Run(work, "nowhere", server.uri))


main()
