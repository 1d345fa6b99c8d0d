"""Ends of DAG runs: each scenario makes runs as `airflow dags test` does and checks tasks, folders and the pointer."""

import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess

from cluster import (
    HANG_SECONDS,
    OPENS,
    ROOT,
    SETTINGS,
    Cluster,
    Failure,
    Worker,
    base_environment,
    committed,
    free_port,
    fresh,
    jar,
)
from processes import command, descendants, kill, wait_until
from stock import spark_home, venv
from webhdfs import served

HERE = pathlib.Path(__file__).resolve().parent
DAGS = ROOT / "submit/airflow/dags"
MODEL = ROOT / "finetune-core/src/test/resources/golden/models/bert-seqcls"
# Requirement by version that the DAGs run on.
AIRFLOWS = {"2.11": "apache-airflow>=2.11,<2.12", "3": "apache-airflow>=3.3,<4"}
PROVIDER = "apache-airflow-providers-apache-spark"
SCENARIOS = {}
# Long enough to be killed during the training.
STEPS = 600

CONFIG = """model: {model}
task: classification
data: {{train: {folder}/train.jsonl, test: {folder}/test.jsonl, max_length: 16}}
training: {{max_steps: {steps}, per_device_train_batch_size: 4, learning_rate: 1.0e-3,
  save_steps: 20, save_total_limit: 99}}
cluster: {{ranks: 1, shared_filesystem: true}}
output: {{dir: replaced}}
"""


def scenario(function):
    """Registers a scenario by its function's name. The function returns its observations or raises a Failure."""
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


def require(holds, what):
    if not holds:
        raise Failure(what)


# Word and label of a kind of mails.
KINDS = (("money", "spam"), ("work", "ham"))


def mail(i, kind):
    return json.dumps({"text": f"mail {i} about {kind[0]}", "label": kind[1]}) + "\n"


class Scene:
    """An Airflow with its own database, a Spark, a configuration and an empty folder of runs."""

    def __init__(self, version):
        self.version = version
        self.work = fresh(ROOT / f"submit/target/airflow-test-{version}")
        self.spark = spark_home()
        self.airflow = pathlib.Path(
            os.environ.get("AIRFLOW_VENV")
            or venv(ROOT / f"submit/target/airflow-{version}", AIRFLOWS[version], PROVIDER)
        )
        self.pointer = self.work / "in-use.json"
        self.days = 0
        # The model of the killed run.
        self.killed = None
        for name, first in (("train", 0), ("test", 100)):
            with open(self.work / f"{name}.jsonl", "w") as out:
                for i in range(first, first + 60):
                    kind = ("money", "spam") if i % 2 == 0 else ("work", "ham")
                    out.write(json.dumps({"text": f"mail {i} about {kind[0]}", "label": kind[1]}) + "\n")
        self.config = self.work / "run.yaml"
        self.config.write_text(CONFIG.format(model=MODEL, folder=self.work, steps=STEPS))
        self.environment = {
            **base_environment(self.spark),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PATH": f"{self.spark}/bin:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(self.work / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "AIRFLOW_CONN_LOCAL": json.dumps({"conn_type": "spark", "host": "local[1]"}),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.database = self.work / "airflow/airflow.db"
        self.call(["airflow", "db", "migrate"], "db").wait()
        require(self.database.exists(), f"airflow db migrate failed, see {self.work}/db.log")

    def call(self, command, log):
        """Starts a program of Airflow's environment."""
        line = [self.airflow / "bin" / command[0], *command[1:]]
        with open(self.work / f"{log}.log", "w") as out:
            return subprocess.Popen(line, stdout=out, stderr=out, env=self.environment, cwd=self.work)

    def day(self):
        """Returns an unused date; the date decides the DAG run's id, and so its output.dir."""
        self.days += 1
        return f"2026-01-{self.days:02}"

    def trigger(self, dag, day, log, **params):
        """Starts a DAG run."""
        every = {"pointer": str(self.pointer), "spark": "local", "jar": str(jar()), **params}
        if dag == "finetune_train":
            every = {"config": str(self.config), "output_root": str(self.work / "runs"), "metric": "loss", **every}
        if self.version == "2.11":
            return self.call(["airflow", "dags", "test", dag, day, "-c", json.dumps(every)], log)
        return self.call(["python", HERE / "dag_run.py", dag, day, json.dumps(every)], log)

    def finish(self, process, what):
        try:
            return process.wait(10 * HANG_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"{what} hangs") from None

    def run(self, dag, log, day=None, **params):
        """Triggers a DAG run, waits for its end and returns the states and tries of its tasks."""
        day = day or self.day()
        self.finish(self.trigger(dag, day, log, **params), log)
        return self.tasks(dag, day)

    def tasks(self, dag, day):
        """Returns the state and number of tries by task."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            rows = database.execute(
                "select task_id, state, try_number from task_instance where dag_id = ? and run_id like ?",
                (dag, f"manual__{day}T%"),
            ).fetchall()
        return {task: (state, tries) for task, state, tries in rows}

    def xcom(self, dag, day, task):
        """Returns what a task has returned to other tasks, or None."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            row = database.execute(
                "select value from xcom where dag_id = ? and run_id like ? and task_id = ? and key = 'return_value'",
                (dag, f"manual__{day}T%", task),
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def output(self, day):
        return self.work / f"runs/manual__{day}T00-00-00-00-00"

    def in_use(self):
        return json.loads(self.pointer.read_text())

    def expect(self, log, tasks, **states):
        require(tasks == states, f"{log}: tasks are {tasks}, not {states}, see {self.work}/{log}.log")

    def cluster(self, **settings):
        return Cluster(self.work / "cluster", [Worker("one", cores=2)], home=self.spark, settings=settings)

    def connect(self, cluster, mode, rest_port=0):
        """Adds the connection "cluster"."""
        extra = {"deploy-mode": mode, "rest-port": rest_port}
        connection = {"conn_type": "spark", "host": f"spark://{cluster.host}", "port": cluster.port, "extra": extra}
        self.environment["AIRFLOW_CONN_CLUSTER"] = json.dumps(connection)


def kept(output, step):
    """Returns the records of a run up to a step; none before the driver has written any."""
    file = output / "metrics.jsonl"
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return [record for record in records if record["step"] <= step]


def model_hash(output):
    return hashlib.sha256((output / "model/model.safetensors").read_bytes()).hexdigest()


ONCE = ("success", 1)
UPSTREAM = ("upstream_failed", 0)


@scenario
def success(scene):
    """The first model is promoted; the same DAG run again changes nothing."""
    day = scene.day()
    few = {"overrides": ["training.max_steps=2"]}
    done = {"prepare": ONCE, "train": ONCE, "evaluate": ONCE, "promote": ONCE}
    scene.expect("success", scene.run("finetune_train", "success", day, **few), **done)
    output = scene.output(day)
    require(scene.in_use()["promoted"]["run"] == f"file:{output}", f"{scene.pointer} does not point into {output}")
    measured = scene.xcom("finetune_train", day, "evaluate")
    require(
        measured and measured["test"] == json.loads((output / "metrics.json").read_text())["test"],
        f"the XCom of evaluate is {measured}",
    )
    before = (scene.pointer.read_text(), model_hash(output), (output / "dataset/manifest-1.json").read_text())
    scene.expect("again", scene.run("finetune_train", "again", day, **few), **done)
    after = (scene.pointer.read_text(), model_hash(output), (output / "dataset/manifest-1.json").read_text())
    require(before == after, f"the same DAG run again changed the pointer, the model or the dataset in {output}")
    return (
        f"promoted with loss {scene.in_use()['promoted']['value']:.4f}; the same again: same dataset, model and pointer"
    )


@scenario
def predict(scene):
    """The model in use predicts; the same DAG run again changes nothing, and without a model nothing is tried again."""
    day = scene.day()
    nowhere = scene.run("finetune_predict", "predict-nothing", input="/none", output="/none", pointer="/none.json")
    scene.expect("predict-nothing", nowhere, predict=("failed", 1))
    output = scene.work / "predicted"
    asked = {"input": str(scene.work / "test.jsonl"), "output": str(output)}
    written = []
    for log in ("predict", "predict-again"):
        scene.expect(log, scene.run("finetune_predict", log, day, **asked), predict=ONCE)
        require((output / "_SUCCESS").exists(), f"{log}: {output} is not complete")
        written.append(sorted((file.name, file.stat().st_mtime_ns) for file in output.glob("*.parquet")))
    require(written[0] and written[0] == written[1], f"{output} is empty or was written again")
    return f"{len(written[0])} file(s) of predictions; the same again: nothing changed"


@scenario
def webhdfs(scene):
    """The pointer is on HDFS, which Airflow reads by WebHDFS; a pointer that is not there fails at once."""
    asked = {"input": str(scene.work / "test.jsonl"), "output": str(scene.work / "predicted-webhdfs")}
    with served(scene.work) as (server, requests):
        there = {"webhdfs": server, "pointer": f"hdfs:/{scene.pointer.name}"}
        scene.expect("webhdfs", scene.run("finetune_predict", "webhdfs", **asked, **there), predict=ONCE)
        require(("OPEN", f"/data/{scene.pointer.name}") in requests, f"webhdfs: the pointer was not read: {requests}")
        there["pointer"] = "hdfs:/none.json"
        none = scene.run("finetune_predict", "webhdfs-none", **asked, **there)
        scene.expect("webhdfs-none", none, predict=("failed", 1))
    return f"{len(requests)} requests"


@scenario
def bad_config(scene):
    """An unknown key fails at once."""
    tasks = scene.run("finetune_train", "bad-config", overrides=["training.max_stepz=2"])
    scene.expect("bad-config", tasks, prepare=("failed", 1), train=UPSTREAM, evaluate=UPSTREAM, promote=UPSTREAM)
    return "prepare failed at its first try, exit code 2"


@scenario
def bad_data(scene):
    """Missing texts fail at once."""
    tasks = scene.run("finetune_train", "bad-data", overrides=[f"data.train={scene.work}/nowhere"])
    scene.expect("bad-data", tasks, prepare=("failed", 1), train=UPSTREAM, evaluate=UPSTREAM, promote=UPSTREAM)
    return "prepare failed at its first try, exit code 3"


@scenario
def killed(scene):
    """A driver that is killed during training is retried and resumes from its checkpoint."""
    day = scene.day()
    process = scene.trigger("finetune_train", day, "killed")

    def driver():
        if process.poll() is not None:
            raise Failure(f"killed: the DAG run ended before its driver could be killed, see {scene.work}/killed.log")
        step = max(committed(scene.output(day)), default=0)
        drivers = [pid for pid in descendants(process.pid) if "deploy.SparkSubmit" in command(pid)]
        if step == 0 or not drivers:
            return None
        # Heartbeats of the executors carry the records, maybe later than the checkpoint.
        done = kept(scene.output(day), step)
        return (step, done, drivers) if done else None

    step, done, drivers = wait_until(driver, HANG_SECONDS, 0.01)
    for pid in drivers:
        kill(pid)
    scene.finish(process, "killed")
    states = scene.tasks("finetune_train", day)
    scene.expect("killed", states, prepare=ONCE, train=("success", 2), evaluate=ONCE, promote=ONCE)
    # Repeated steps have other times.
    require(kept(scene.output(day), done[-1]["step"]) == done, "killed: the run began anew")
    scene.killed = model_hash(scene.output(day))
    return f"killed after the checkpoint of step {step}, went on at the second try; promoted"


@scenario
def exit_code_4(scene):
    """A cluster without executors ends with exit code 4, which is retried."""
    day = scene.day()
    conf = {**SETTINGS, "spark.cores.max": "1"}
    with scene.cluster() as cluster:
        scene.connect(cluster, "client")
        process = scene.trigger(
            "finetune_train",
            day,
            "exit-code-4",
            spark="cluster",
            conf=conf,
            overrides=["cluster.start_timeout_seconds=20"],
        )

        def status(name, code):
            if process.poll() is not None:
                raise Failure(f"exit-code-4: the DAG run ended too early, see {scene.work}/exit-code-4.log")
            try:
                ended = json.loads((scene.output(day) / "status.json").read_text())
            except FileNotFoundError:
                return False
            return (ended["command"], ended["exit_code"]) == (name, code)

        wait_until(lambda: status("prepare", 0), HANG_SECONDS, 0.01)
        cluster.lose(cluster.workers[0])
        wait_until(lambda: status("train", 4), HANG_SECONDS, 0.01)
        cluster.add(Worker("two", cores=2))
        scene.finish(process, "exit-code-4")
    states = scene.tasks("finetune_train", day)
    train = states.pop("train", None)
    require(train is not None and train[0] == "success" and train[1] > 1, f"exit-code-4: train is {train}")
    if scene.killed is None:
        scene.expect("exit-code-4", states, prepare=ONCE, evaluate=ONCE, promote=ONCE)
        return f"train done at try {train[1]}"
    scene.expect("exit-code-4", states, prepare=ONCE, evaluate=ONCE, promote=("skipped", 1))
    require(model_hash(scene.output(day)) == scene.killed, "the killed run's model is another one")
    return (
        f"train done at try {train[1]}; the same model as the killed run's, which is no better, so promote was skipped"
    )


@scenario
def cluster_mode(scene):
    """With the driver on the cluster status.json has the exit code.

    Bad data fails at once; a model that is not better is not promoted.
    """
    rest = free_port()
    conf = {**SETTINGS, "spark.cores.max": "1", "spark.driver.extraJavaOptions": " ".join(OPENS)}
    before = scene.pointer.read_text()
    with scene.cluster(**{"spark.master.rest.enabled": "true", "spark.master.rest.port": rest}) as cluster:
        scene.connect(cluster, "cluster", rest)
        there = {"spark": "cluster", "conf": conf}
        tasks = scene.run("finetune_train", "cluster-data", overrides=[f"data.train={scene.work}/nowhere"], **there)
        scene.expect("cluster-data", tasks, prepare=("failed", 1), train=UPSTREAM, evaluate=UPSTREAM, promote=UPSTREAM)
        tasks = scene.run("finetune_train", "cluster-mode", overrides=["training.max_steps=1"], **there)
        scene.expect("cluster-mode", tasks, prepare=ONCE, train=ONCE, evaluate=ONCE, promote=("skipped", 1))
    require(scene.pointer.read_text() == before, "a model that is no better was promoted")
    return "prepare failed at its first try for exit code 3; a worse model trained, and was not promoted"


@scenario
def rollback(scene):
    """A DAG run restores the previous model; the same DAG run again changes nothing."""
    before = scene.in_use()
    require(before["previous"], "nothing to roll back to: run success and killed first")
    day = scene.day()
    for log in ("rollback", "rollback-again"):
        scene.expect(log, scene.run("finetune_rollback", log, day), rollback=ONCE)
        require(scene.in_use()["promoted"] == before["previous"][0], f"{log}: {scene.pointer} points elsewhere")
    return f"from loss {before['promoted']['value']:.4f} back to {before['previous'][0]['value']:.4f}"


@scenario
def monitor(scene):
    """A healthy day passes; a fallen metric and drifted labels fail at once; promote fails on a model that is worse."""
    own = {"pointer": str(scene.work / "monitored.json")}
    done = {"prepare": ONCE, "train": ONCE, "evaluate": ONCE}
    learned = scene.run("finetune_train", "monitored", metric="accuracy", overrides=["training.max_steps=200"], **own)
    scene.expect("monitored", learned, promote=ONCE, **done)
    promoted = (scene.work / "monitored.json").read_text()
    require(json.loads(promoted)["promoted"]["value"] > 0.9, f"monitored: nothing was learned, {promoted}")
    swapped = [(KINDS[0][0], KINDS[1][1]), (KINDS[1][0], KINDS[0][1])]
    seen = []
    for log, kinds, metric, drift in (
        ("healthy", KINDS, ONCE, ONCE),
        ("drifted", KINDS[:1] * 2, ONCE, ("failed", 1)),
        ("fallen", swapped, ("failed", 1), ONCE),
    ):
        rows = scene.work / f"{log}.jsonl"
        rows.write_text("".join(mail(i, kinds[i % 2]) for i in range(200, 260)))
        day = scene.day()
        asked = {"input": str(rows), "output": str(scene.work / log), "max_fall": 0.1, "max_drift": 0.2, **own}
        scene.expect(log, scene.run("finetune_monitor", log, day, **asked), evaluate=ONCE, metric=metric, drift=drift)
        found = scene.xcom("finetune_monitor", day, "evaluate")
        seen.append(f"{log}: fall {found['fall']:.2f}, drift {found['drift']:.2f}")
    worse = {"metric": "accuracy", "overrides": ["training.max_steps=1"], "max_fall": 0.1, **own}
    scene.expect("worse", scene.run("finetune_train", "worse", **worse), promote=("failed", 1), **done)
    require((scene.work / "monitored.json").read_text() == promoted, "worse: the pointer has changed")
    return "; ".join(seen)
