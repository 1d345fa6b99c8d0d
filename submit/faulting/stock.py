"""Runs the distribution on a stock Spark: by its launcher, by spark-submit on a cluster, with a GPU and a libtorch."""

import functools
import json
import os
import pathlib
import subprocess
import sys
import zipfile

from cluster import HANG_SECONDS, MAIN, OPENS, ROOT, SETTINGS, Cluster, Failure, Worker, base_environment, fresh
from processes import wait_until

MODES = {}
# Neither the first GPU nor one that a machine is likely to have.
GPU = 5


def mode(function):
    """Registers a mode by its function's name. The function returns its observations or raises a Failure."""
    MODES[function.__name__] = function
    return function


def venv(folder, *packages):
    """Creates a virtual environment with packages of PyPI, which later runs reuse."""
    done = folder / "done"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", *packages], check=True)
        done.touch()
    return folder


def spark_home():
    """Returns the folder of a stock Spark: SPARK_HOME, else PyPI's of version PYSPARK, 3.5.9 unless set."""
    if os.environ.get("SPARK_HOME"):
        return pathlib.Path(os.environ["SPARK_HOME"])
    version = os.environ.get("PYSPARK", "3.5.9")
    folder = venv(ROOT / f"submit/target/stock-spark-{version}", f"pyspark=={version}")
    (home,) = folder.glob("lib/python*/site-packages/pyspark")
    return home


class Scene:
    """The unpacked distribution, a Spark, and the metrics of the earlier modes."""

    def __init__(self, work, spark, overrides):
        self.work = fresh(work)
        self.spark = spark
        archives = list((ROOT / "submit/target").glob("spark-finetune-*.tgz"))
        if len(archives) != 1:
            raise Failure(
                "submit/target has no spark-finetune-*.tgz, or several: build it with ./mvnw -DskipTests package"
            )
        folder = self.work / "my tools"
        folder.mkdir()
        subprocess.run(["tar", "xzf", archives[0], "-C", folder], check=True)
        (self.home,) = folder.iterdir()
        (self.jar,) = (self.home / "submit/target").glob("*.jar")
        self.recipe = self.home / "conf/recipes/news-minilm.yaml"
        # A driver on a worker has another working directory.
        self.overrides = [f"model={ROOT}/models/minilm", f"data.train={ROOT}/data/bbc-news", *overrides]
        self.metrics = {}
        quickstart = ROOT / "runs/news-minilm/metrics.json"
        if not overrides and quickstart.exists():
            self.metrics["quickstart"] = json.loads(quickstart.read_text())["test"]

    def arguments(self, output, *overrides):
        line = ["run", "--config", str(self.recipe)]
        for override in (*self.overrides, f"output.dir={output}", "cluster.shared_filesystem=true", *overrides):
            line += ["--set", override]
        return line

    def call(self, name, command, environment=None):
        """Returns the exit code of a command and its output, which is also in NAME.log."""
        log = self.work / f"{name}.log"
        with open(log, "w") as out:
            try:
                code = subprocess.run(
                    [str(part) for part in command],
                    stdout=out,
                    stderr=out,
                    cwd=self.home,
                    env={**base_environment(self.spark), "SPARK_LOCAL_IP": "127.0.0.1", **(environment or {})},
                    timeout=HANG_SECONDS,
                ).returncode
            except subprocess.TimeoutExpired as slow:
                raise Failure(f"{name} has not ended after {HANG_SECONDS} s, see {log}") from slow
        return code, log.read_text(errors="replace")

    def submit(self, name, cluster, arguments, *settings, environment=None):
        """Calls spark-submit with one rank per executor of one core."""
        command = [self.spark / "bin/spark-submit", "--master", cluster.url, "--class", MAIN]
        for setting in (*(f"{key}={value}" for key, value in SETTINGS.items()), "spark.cores.max=2", *settings):
            command += ["--conf", setting]
        return self.call(name, [*command, self.jar, *arguments], environment)

    def cluster(self, name, **worker):
        """Starts a cluster with room for two executors and a driver."""
        return Cluster(
            self.work / f"cluster-{name}",
            [Worker("one", cores=2, **worker), Worker("two", cores=2, **worker)],
            home=self.spark,
        )

    def measured(self, mode, output):
        """Checks a run's metrics against the earlier modes' metrics."""
        metrics = json.loads((output / "metrics.json").read_text())["test"]
        for other, expected in self.metrics.items():
            if metrics != expected:
                raise Failure(f"{mode} measured {metrics}, {other} {expected}")
        same = ", as " + " and ".join(self.metrics) if self.metrics else ""
        self.metrics[mode] = metrics
        return f"accuracy {metrics['accuracy']:.4f}, loss {metrics['loss']:.6f}{same}"

    def require(self, what, log, expected, actual):
        if expected != actual:
            raise Failure(f"{what}: exit code {actual} instead of {expected}, see {self.work}/{log}.log")


def status(output):
    """Returns the content of status.json, or None."""
    try:
        return json.loads((output / "status.json").read_text())
    except (OSError, ValueError):
        return None


@mode
def launcher(scene):
    output = scene.work / "run-launcher"
    command = [scene.home / "bin/finetune", "--master", "local-cluster[2,1,1024]"]
    scene.require("launcher", "launcher", 0, scene.call("launcher", [*command, *scene.arguments(output)])[0])
    code, _ = scene.call("launcher-data", [*command, *scene.arguments(scene.work / "none", "data.train=nowhere")])
    scene.require("launcher without data", "launcher-data", 3, code)
    return scene.measured("launcher", output)


@mode
def client(scene):
    output = scene.work / "run-client"
    with scene.cluster("client") as cluster:
        scene.require("client", "client", 0, scene.submit("client", cluster, scene.arguments(output))[0])
        code, _ = scene.submit("client-data", cluster, scene.arguments(scene.work / "none", "data.train=nowhere"))
        scene.require("client without data", "client-data", 3, code)
    return scene.measured("client", output)


@mode
def cluster(scene):
    # Spark 4.3 ignores spark.driver.host here, because the worker of the driver is not known yet.
    driver = ["spark.submit.deployMode=cluster", "spark.driver.bindAddress=0.0.0.0"]
    driver.append(f"spark.driver.extraJavaOptions={' '.join(OPENS)}")
    outputs = [scene.work / "run-cluster", scene.work / "run-cluster-data"]
    with scene.cluster("cluster") as spark:
        # spark-submit ends with 0 before the driver ends; status.json has the driver's exit code.
        for output, more, expected in zip(outputs, ([], ["data.train=nowhere"]), (0, 3), strict=True):
            code, _ = scene.submit(output.name, spark, scene.arguments(output, *more), *driver)
            scene.require("spark-submit", output.name, 0, code)
            end = wait_until(functools.partial(status, output), HANG_SECONDS, 0.5)
            if end is None:
                raise Failure(f"the driver wrote no status.json, see {spark.folder}/work-*/driver-*/stderr")
            if end["exit_code"] != expected:
                raise Failure(f"the driver ended with {end}, not with exit code {expected}")
    return scene.measured("cluster", outputs[0])


@mode
def gpu(scene):
    script = scene.work / "getGpusResources.sh"
    script.write_text(f'#!/bin/sh\necho \'{{"name": "gpu", "addresses": ["{GPU}"]}}\'\n')
    script.chmod(0o755)
    worker = {"spark.worker.resource.gpu.amount": 1, "spark.worker.resource.gpu.discoveryScript": script}
    brief = ["training.max_steps=4"]
    libtorch = scene.work / "libtorch"
    with zipfile.ZipFile(scene.jar) as jar:
        for name in jar.namelist():
            if name.startswith("pytorch/cpu/linux-x86_64/") and not name.endswith("/"):
                (libtorch / pathlib.Path(name).name).parent.mkdir(exist_ok=True)
                (libtorch / pathlib.Path(name).name).write_bytes(jar.read(name))
    with scene.cluster("gpu", settings=worker) as spark:
        on_gpu = ["spark.executor.resource.gpu.amount=1", "spark.task.resource.gpu.amount=1"]
        code, shown = scene.submit("gpu", spark, scene.arguments(scene.work / "run-gpu", "device=gpu", *brief), *on_gpu)
        scene.require("a GPU that there isn't", "gpu", 2, code)
        if f"GPU {GPU} is not usable here" not in shown:
            raise Failure(f"a rank did not ask for GPU {GPU}, see {scene.work}/gpu.log")
        own = {"PYTORCH_LIBRARY_PATH": libtorch, "PYTORCH_VERSION": "2.7.1", "PYTORCH_FLAVOR": "cpu"}
        own["DJL_CACHE_DIR"] = scene.work / "djl"
        executors = [f"spark.executorEnv.{name}={value}" for name, value in own.items()]
        driver = {name: str(value) for name, value in own.items()}
        output = scene.work / "run-libtorch"
        code, _ = scene.submit("libtorch", spark, scene.arguments(output, *brief), *executors, environment=driver)
        scene.require("own libtorch", "libtorch", 0, code)
    unpacked = {path.name for path in own["DJL_CACHE_DIR"].rglob("*.so*")}
    if "libtorch_cpu.so" in unpacked or not any("djl_torch" in name for name in unpacked):
        raise Failure(f"the own libtorch was not used: {sorted(unpacked)} in {own['DJL_CACHE_DIR']}")
    return f"ranks asked for GPU {GPU}, which only the script knows; trained by the libtorch of PYTORCH_LIBRARY_PATH"
