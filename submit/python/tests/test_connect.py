"""Runs over Spark Connect, against the server that SPARK_FINETUNE_REMOTE names; ``submit/connect/test`` starts it."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import spark_finetune._connect
import spark_finetune.progress
from spark_finetune import ConfigError, DataError, FailedError, Run

REMOTE = os.environ.get("SPARK_FINETUNE_REMOTE")
CLASSIC = os.environ.get("SPARK_FINETUNE_CLASSIC")
connect = pytest.mark.skipif(REMOTE is None, reason="no server of Spark Connect")
SECONDS = 120


class Views:
    """Views of the progress, which keep what they show."""

    def __init__(self):
        self.shown = []
        self.stepped = threading.Event()

    def show(self, title, lines, line, share):
        self.shown.append((title, list(lines), line, share))
        if line.startswith("train     ["):
            self.stepped.set()

    def close(self):
        pass


@pytest.fixture
def views(monkeypatch):
    views = Views()
    monkeypatch.setattr(spark_finetune.progress, "_view", lambda: views)
    return views


def other_client():
    from pyspark.sql.connect.session import SparkSession

    return SparkSession.builder.remote(REMOTE).create()


def rows_of(session):
    rows = [(("a cat and a cat " if i % 2 == 0 else "the dog of a dog ") + str(i)) for i in range(40)]
    return session.createDataFrame([(text, "cat" if "cat" in text else "dog") for text in rows], ["text", "label"])


def measured(session, config):
    """Returns what a run measures, without what depends on the time."""
    run = Run(session, config, {"training.seed": 5}, train=rows_of(session), eval=rows_of(session).limit(8))
    run.prepare()
    metrics = run.train().evaluate()
    loss = [(record["step"], record["loss"]) for record in run.history if "loss" in record]
    predicted = run.predict(rows_of(session)).select("prediction.*").collect()
    Run.register(session, "pet", run.output_dir)
    rows_of(session).createOrReplaceTempView("mails_for_sql")
    said = session.sql("SELECT pet(text) AS said FROM mails_for_sql").collect()
    assert [row["said"] for row in said] == [row["prediction"] for row in predicted]
    return {
        "test": metrics["test"],
        "loss": loss,
        "source": run.config["data"]["train"],
        "probabilities": [str(row["probabilities"]) for row in predicted],
    }


@pytest.mark.skipif(REMOTE is not None or CLASSIC is None, reason="needs a session with a JVM, and a file to write")
def test_classic_session_measures(spark, config):
    pathlib.Path(CLASSIC).write_text(json.dumps(measured(spark, config)))


@connect
def test_measures_the_same_as_a_session_with_a_jvm(spark, config, views):
    assert json.loads(json.dumps(measured(spark, config))) == json.loads(pathlib.Path(CLASSIC).read_text())
    assert {title for title, *_ in views.shown} == {"prepare", "train", "evaluate", "register"}


@connect
def test_client_starts_no_jvm(spark, config):
    Run(spark, config, train=rows_of(spark)).plan()
    if not os.environ.get("SPARK_HOME"):
        assert "py4j" not in sys.modules
    else:
        from pyspark import SparkContext

        assert SparkContext._gateway is None


@connect
def test_progress_is_seen_during_the_training(spark, config, views):
    config["training"]["num_train_epochs"] = 60
    run = Run(spark, config, train=rows_of(spark))
    run.prepare()
    run.train()

    training = [(lines, line, share) for title, lines, line, share in views.shown if title == "train"]
    shares = [share for _, _, share in training[:-1]]
    assert shares == sorted(shares) and any(0 < share < 1 for share in shares), shares
    assert any(line.startswith("train     [#") for _, line, _ in training[:-1])
    lines, line, share = training[-1]
    assert line == "" and share is None
    assert any("240/240" in shown and shown.endswith("done") for shown in lines), lines
    assert len(lines) == len(set(lines)), lines


@connect
def test_file_of_this_machine_and_files_of_the_server(spark, config, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row.asDict()) + "\n" for row in rows_of(spark).collect()))
    file = tmp_path / "run.yaml"
    config["data"]["train"] = str(rows)
    file.write_text(json.dumps(config))
    run = Run(spark, file, {"training.max_steps": 4})
    run.prepare()
    run.train()
    predicted = run.predict_files(str(rows), str(tmp_path / "predicted"))
    assert predicted.count() == 40
    assert Run.open(spark, str(tmp_path / "run")).history == run.history
    opened = Run(spark, f"file://{file}", {"training.max_steps": 4})
    assert opened.metrics == run.metrics
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        Run(spark, file)


def long(spark, config, tmp_path, name="long"):
    """Returns a prepared run that takes hours."""
    settings = {"training.num_train_epochs": 100_000, "output.dir": str(tmp_path / name)}
    run = Run(spark, config, settings, train=rows_of(spark))
    run.prepare()
    return run


def status(folder):
    return json.loads((folder / "status.json").read_text())


@connect
def test_interrupted_kernel_ends_the_training(spark, config, tmp_path, views):
    run = long(spark, config, tmp_path)
    interrupt = threading.Thread(
        target=lambda: views.stepped.wait(SECONDS) and os.kill(os.getpid(), signal.SIGINT), daemon=True
    )
    interrupt.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run.train()
    assert views.stepped.is_set() and time.monotonic() - started < SECONDS
    assert status(tmp_path / "long")["exit_code"] == 4 and "interrupted" in status(tmp_path / "long")["message"]
    # The folder and the ranks are free.
    again = Run(spark, config, {"training.max_steps": 2}, train=rows_of(spark))
    again.prepare()
    assert again.train().evaluate()["train"]["steps"] == 2


@connect
def test_tag_interrupts_the_training(spark, config, tmp_path, views):
    run = long(spark, config, tmp_path)
    spark.addTag("mine")
    try:
        threading.Thread(target=lambda: views.stepped.wait(SECONDS) and spark.interruptTag("mine"), daemon=True).start()
        with pytest.raises(FailedError, match="interrupted"):
            run.train()
    finally:
        spark.removeTag("mine")
    assert wait(lambda: status(tmp_path / "long")["exit_code"] == 4)


def wait(holds):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.2)
    return False


@connect
def test_two_clients_train_at_the_same_time(spark, config, tmp_path):
    ends = {}

    def train(name, session, steps):
        run = Run(
            session, config, {"training.max_steps": steps, "output.dir": str(tmp_path / name)}, train=rows_of(session)
        )
        run.prepare()
        ends[name] = run.train().evaluate()["train"]["steps"]

    other = other_client()
    threads = [
        threading.Thread(target=train, args=("one", spark, 40)),
        threading.Thread(target=train, args=("two", other, 30)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    other.stop()
    assert ends == {"one": 40, "two": 30}


@connect
def test_client_that_dies_does_not_hold_the_cluster(spark, config, tmp_path):
    config["training"]["num_train_epochs"] = 100_000
    config["output"]["dir"] = str(tmp_path / "lost")
    program = f"""
        from pyspark.sql import SparkSession
        from spark_finetune import Run
        spark = SparkSession.builder.remote({REMOTE!r}).getOrCreate()
        texts = [(f"a {{kind}} {{i}}", kind) for i in range(20) for kind in ("cat", "dog")]
        rows = spark.createDataFrame(texts, ["text", "label"])
        run = Run(spark, {config!r}, train=rows)
        run.prepare()
        run.train()
    """
    # pyspark-client 4.2 takes a program without a file for its own doctests.
    file = tmp_path / "client.py"
    file.write_text(textwrap.dedent(program))
    log = tmp_path / "client.log"
    with open(log, "w") as out:
        client = subprocess.Popen([sys.executable, file], stdout=out, stderr=out)
    try:
        history = tmp_path / "lost/metrics.jsonl"
        begun = wait(lambda: client.poll() is not None or (history.exists() and history.stat().st_size > 0))
        assert begun and client.poll() is None, log.read_text()
    finally:
        client.kill()
        client.wait()
    lost = tmp_path / "lost"
    assert wait(lambda: status(lost)["command"] == "train"), status(lost)
    assert status(lost)["exit_code"] == 4 and "interrupted" in status(lost)["message"]
    # A client that comes back finds its run.
    assert Run.open(spark, str(lost)).history


@connect
def test_server_without_the_jar_is_named(spark, config, monkeypatch):
    monkeypatch.setattr(spark_finetune._connect, "_SOURCE", "io.github.sparkfinetune.absent.CallSource")
    with pytest.raises(ConfigError, match="the Spark Connect server has no spark-finetune-VERSION.jar"):
        Run(spark, config)


@connect
def test_errors_of_spark_stay(spark, config):
    from pyspark.errors import AnalysisException

    with pytest.raises(AnalysisException):
        Run(spark, config, train=spark.table("no_such_table"))
    with pytest.raises(DataError, match="no_such_table"):
        Run(spark, config, {"data.train": "table:no_such_table"}).prepare()


@connect
def test_stages_of_spark_ml_refuse(spark):
    try:
        from spark_finetune.ml import TextTokenizer
    except ImportError as error:
        assert "use spark_finetune.Run" in str(error)
        return
    with pytest.raises(ConfigError, match="does not work over Spark Connect: use spark_finetune.Run"):
        TextTokenizer(model="none")


@connect
def test_executors_train_and_predict_for_one_client_after_the_other(spark, config, tmp_path):
    for name, session in (("first", spark), ("second", other_client())):
        settings = {"training.seed": 3, "output.dir": str(tmp_path / name)}
        run = Run(session, config, settings, train=rows_of(session))
        run.prepare()
        assert run.train().evaluate()["test"]["accuracy"] > 0.9
        predicted = run.predict(rows_of(session)).select("label", "prediction.prediction").collect()
        assert sum(row["label"] == row["prediction"] for row in predicted) > 36
