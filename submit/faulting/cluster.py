"""A standalone Spark cluster of processes on this machine, from the embedded or another Spark home, and its runs."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

from processes import command, descendants, holds_open, kill, send, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HOME = ROOT / "submit/spark-home/target"
MAIN = "io.github.sparkfinetune.cli.Finetune"
PACKAGES = "lang lang.invoke lang.reflect io net nio util util.concurrent util.concurrent.atomic"
OPENS = [f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in PACKAGES.split()] + [
    f"--add-opens=java.base/sun.{name}=ALL-UNNAMED" for name in ("nio.ch", "nio.cs", "security.action", "util.calendar")
]
# For short-lived processes on few cores.
BRIEF = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
START_SECONDS = 120
# A command that takes longer counts as hanging.
HANG_SECONDS = 600
SETTINGS = {
    "spark.executor.cores": "1",
    "spark.executor.memory": "1g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
}


class Failure(Exception):
    """An error that stops this program, in one line."""


def jar():
    """Returns the jar for spark-submit."""
    jars = list((ROOT / "submit/target").glob("spark-finetune-*.jar"))
    if len(jars) != 1:
        raise Failure("submit/target has no spark-finetune-*.jar, or several: build it with ./mvnw -DskipTests package")
    return jars[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Worker:
    """A worker of a cluster; executors are its child processes.

    environment -- additional variables, which the executors inherit
    prefix      -- a command that starts the worker, such as `ip netns exec NAME`
    settings    -- Spark's settings of the worker, such as spark.worker.resource.gpu.amount
    """

    def __init__(self, name, environment=None, prefix=(), host="127.0.0.1", memory="3g", cores=1, settings=None):
        self.name = name
        self.environment = environment or {}
        self.prefix = list(prefix)
        self.host = host
        self.memory = memory
        self.cores = cores
        self.settings = settings or {}
        self.process = None

    def executors(self):
        return [pid for pid in descendants(self.process.pid) if "CoarseGrainedExecutorBackend" in command(pid)]


class Cluster:
    """
    A master and workers; the with statement ends them in any case.

    home     -- the Spark home
    settings -- Spark's settings of the master
    """

    def __init__(self, folder, workers, host="127.0.0.1", home=HOME, settings=None):
        self.folder = pathlib.Path(folder)
        self.workers = list(workers)
        self.host = host
        self.home = home
        self.settings = settings or {}
        self.port = free_port()
        self.ui = free_port()
        self.master = None

    @property
    def url(self):
        return f"spark://{self.host}:{self.port}"

    @property
    def temporary(self):
        """Returns the temporary folder of driver and executors, which is also their spark.local.dir."""
        return self.folder / "tmp"

    def __enter__(self):
        # The worker may run as another user.
        for folder in [self.temporary] + [self.work(worker) for worker in self.workers]:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o777)
        try:
            self.master = self._daemon(
                "master", "master.Master", ["--host", self.host, "--port", self.port, "--webui-port", self.ui]
            )
            if wait_until(self._alive_workers, START_SECONDS, 0.2) is None:
                raise Failure(f"the master did not start, see {self.folder}/master.log")
            for worker in self.workers:
                self._start(worker)
            self._wait_for_workers()
            return self
        except BaseException:
            self.__exit__()
            raise

    def _wait_for_workers(self):
        if wait_until(lambda: self._alive_workers() == [len(self.workers)], START_SECONDS, 0.2) is None:
            raise Failure(f"not all workers came, see {self.folder}")

    def lose(self, worker):
        """Kills a worker with its executors, and waits until the master notices."""
        self._kill(worker.process)
        self.workers.remove(worker)
        self._wait_for_workers()

    def add(self, worker):
        """Starts another worker, and waits until the master knows the worker."""
        self.workers.append(worker)
        self.work(worker).mkdir(exist_ok=True)
        self._start(worker)
        self._wait_for_workers()

    def work(self, worker):
        """Returns the folder of the worker's executor logs."""
        return self.folder / f"work-{worker.name}"

    def _start(self, worker):
        worker.process = self._daemon(
            worker.name,
            "worker.Worker",
            ["--host", worker.host, "--cores", worker.cores, "--memory", worker.memory, "--webui-port", 0]
            + ["--work-dir", self.work(worker), self.url],
            worker,
        )

    def _daemon(self, name, program, arguments, worker=None):
        line = [*(worker.prefix if worker else ()), java(), *OPENS, *BRIEF, "-Xmx256m"]
        line += [f"-D{key}={value}" for key, value in (worker or self).settings.items()]
        line += ["-cp", f"{self.home}/jars/*", f"org.apache.spark.deploy.{program}"]
        log = open(self.folder / f"{name}.log", "w")
        return subprocess.Popen(
            [*line, *map(str, arguments)],
            env={**base_environment(self.home), **(worker.environment if worker else {})},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _alive_workers(self):
        """Returns a list with the number of workers, or None if the master does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.ui}/json/", timeout=5) as answer:
                return [json.load(answer)["aliveworkers"]]
        except OSError:
            return None

    def executors(self):
        """Returns the pids of all executors."""
        return [pid for worker in self.workers for pid in worker.executors()]

    def wait_for_no_executors(self):
        return wait_until(lambda: not self.executors(), 60, 0.1)

    def writer(self, folder):
        """Returns the executor that has a file below a folder open, or None."""
        return next((pid for pid in self.executors() if holds_open(pid, folder)), None)

    def __exit__(self, *_):
        for process in [worker.process for worker in self.workers] + [self.master]:
            if process is not None:
                self._kill(process)

    @staticmethod
    def _kill(process):
        for pid in descendants(process.pid) + [process.pid]:
            send(pid, signal.SIGCONT)
            kill(pid)
        process.wait()


def java():
    return os.environ.get("JAVA_HOME", "") and os.environ["JAVA_HOME"] + "/bin/java" or "java"


def base_environment(home=HOME):
    keep = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    # Scala's version, which Spark's scripts pass to its programs.
    (core,) = (pathlib.Path(home) / "jars").glob("spark-core_*.jar")
    return {**keep, "SPARK_HOME": str(home), "SPARK_SCALA_VERSION": core.name.split("_")[1].split("-")[0]}


class Run:
    """A command on a cluster, in a process that is the driver."""

    def __init__(
        self, cluster, config, output, log, name="run", overrides=(), settings=None, more_classes=None, arguments=()
    ):
        # The path of a URI.
        self.output = pathlib.Path(str(output).rpartition(":")[2])
        self.log = pathlib.Path(log)
        the_jar = f"{jar()}:{more_classes}" if more_classes else str(jar())
        submit = [
            java(),
            *OPENS,
            *BRIEF,
            "-Xmx1g",
            "-cp",
            f"{HOME}/jars/*:{the_jar}",
            "org.apache.spark.deploy.SparkSubmit",
        ]
        submit += ["--master", cluster.url]
        every = {
            **SETTINGS,
            "spark.local.dir": str(cluster.temporary),
            # The executors share this machine's files, so they need no copy of the jar.
            "spark.executor.extraClassPath": the_jar,
            "spark.executor.extraJavaOptions": " ".join([f"-Djava.io.tmpdir={cluster.temporary}", *BRIEF]),
            **(settings or {}),
        }
        for key, value in every.items():
            submit += ["--conf", f"{key}={value}"]
        submit += ["--class", MAIN, "spark-internal", name, "--config", str(config)]
        for override in (f"output.dir={output}", "cluster.shared_filesystem=true", *overrides):
            submit += ["--set", override]
        submit += arguments
        self.started = time.monotonic()
        with open(self.log, "a") as log_file:
            self.process = subprocess.Popen(
                submit, env=base_environment(), stdout=log_file, stderr=log_file, cwd=ROOT, start_new_session=True
            )

    def wait(self, seconds):
        """Returns the exit code, negative for a signal; None for a command that hangs, which is killed."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        kill(self.process.pid)
        self.process.wait()

    def is_running(self):
        return self.process.poll() is None

    def until(self, holds):
        """Waits until a condition holds or the run has ended; returns None on a timeout."""
        return wait_until(lambda: holds() or not self.is_running(), HANG_SECONDS)

    def error(self):
        """Returns the line that begins with error:, else the last line."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("error: ")]
        return (errors or lines or [""])[-1]

    def steps(self):
        """Returns the number of the newest logged step."""
        try:
            lines = (self.output / "metrics.jsonl").read_text().splitlines()
            return max((json.loads(line).get("step", 0) for line in lines), default=0)
        except (OSError, ValueError):
            return 0

    def saved(self):
        """Returns the step of the newest committed checkpoint."""
        return max(committed(self.output), default=0)


def committed(output):
    """Returns the steps of a run's committed checkpoints.

    The marker of a checkpoint is empty for a moment, and stays empty if the run is killed then.
    """
    steps = []
    for marker in output.glob("checkpoints/step-*/COMMITTED"):
        try:
            json.loads(marker.read_text())
        except (OSError, ValueError):
            continue
        steps.append(int(marker.parent.name.split("-")[1]))
    return steps


def fresh(folder):
    """Empties a folder and returns it."""
    shutil.rmtree(folder, ignore_errors=True)
    pathlib.Path(folder).mkdir(parents=True)
    return pathlib.Path(folder)
