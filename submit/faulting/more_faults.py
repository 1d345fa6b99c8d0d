"""Faults that need a network, other CPUs or a file system that kills."""

import fnmatch
import os
import pathlib
import shutil
import subprocess
import time
import types

import workload
from cluster import HANG_SECONDS, Failure, Run, Worker
from faults import BENCH, fault, reports
from processes import kill, wait_until

NAMESPACE, HERE, THERE = "finetune-faults", "10.213.0.1", "10.213.0.2"


def ip(*arguments, check=True):
    subprocess.run(["ip", *arguments], check=check, capture_output=not check)


@fault
def dropped_packets(scene):
    """iptables drops all packets of a rank on another host for 40 s."""
    if os.geteuid() != 0 or not shutil.which("iptables"):
        raise Failure("dropped-packets needs root and iptables: install it, and run this as root")
    ip("netns", "add", NAMESPACE)
    try:
        ip("link", "add", "finetune0", "type", "veth", "peer", "name", "finetune1", "netns", NAMESPACE)
        ip("addr", "add", f"{HERE}/24", "dev", "finetune0")
        ip("link", "set", "finetune0", "up")
        ip("-n", NAMESPACE, "addr", "add", f"{THERE}/24", "dev", "finetune1")
        ip("-n", NAMESPACE, "link", "set", "finetune1", "up")
        ip("-n", NAMESPACE, "link", "set", "lo", "up")
        # A host has its own temporary folder, so its ranks are not reached by a Unix domain socket.
        private = [
            "ip",
            "netns",
            "exec",
            NAMESPACE,
            "unshare",
            "-m",
            "sh",
            "-c",
            'mount -t tmpfs tmpfs "$0" && exec "$@"',
        ]
        far = Worker("two", host=THERE)
        cluster = scene.cluster(Worker("one", host=HERE), far, host=HERE)
        far.prefix = [*private, str(cluster.temporary)]
        with cluster:
            return drop(scene, cluster)
    finally:
        ip("netns", "del", NAMESPACE, check=False)
        ip("link", "del", "finetune0", check=False)


def drop(scene, cluster):
    network = {"spark.driver.host": HERE, "spark.driver.bindAddress": HERE, "spark.network.timeout": "20s"}
    network["spark.network.timeoutInterval"] = "5s"
    run = scene.run(cluster, settings=network)
    run.until(lambda: run.steps() >= 2)
    tables = ["ip", "netns", "exec", NAMESPACE, "iptables"]
    begin = time.monotonic()
    for chain in ("INPUT", "OUTPUT"):
        subprocess.run([*tables, "-A", chain, "-j", "DROP"], check=True)
    noticed = wait_until(lambda: reports(cluster, run), 40, 0.05)
    noticed_after = time.monotonic() - begin
    time.sleep(max(0, 40 - noticed_after))
    subprocess.run([*tables, "-F"], check=True)
    code = run.wait(HANG_SECONDS)
    equal = scene.equal(run)
    right = bool(noticed) and noticed_after < 15 and code == 0 and equal
    return (
        f"noticed after {noticed_after:.1f} s, exit {code}, {'the undisturbed model' if equal else run.error()[:160]}",
        right,
    )


@fault
def killed_while_writing(scene):
    """Rank 0's executor kills itself once before each file of a checkpoint and of the exported model."""
    points = "checkpoint/model.safetensors,checkpoint/optimizer.safetensors,checkpoint/state.json,checkpoint/COMMITTED"
    points += ",checkpoint/FINAL,export/config.json,export/model.safetensors"
    marks = scene.work / "killed-at"
    marks.mkdir(exist_ok=True)
    settings = {
        "spark.hadoop.fs.killing.impl": "io.github.sparkfinetune.bench.KillingFileSystem",
        "spark.hadoop.fs.killing.points": points,
        "spark.hadoop.fs.killing.marks": str(marks),
    }
    with scene.cluster() as cluster:
        output = scene.work / "run-killing"
        run = KillingRun(cluster, scene, output, settings)
        code = run.wait(2 * HANG_SECONDS)
        killed = sorted(mark.name for mark in marks.iterdir())
        equal = workload.model_hash(output) == scene.calm
        right = code == 0 and equal and len(killed) == len(points.split(","))
        return f"{len(killed)} kills, exit {code}, {'the undisturbed model' if equal else run.error()[:160]}", right


class KillingRun(Run):
    """A run that writes through the killing file system, which is among the classes of the benchmarks."""

    def __init__(self, cluster, scene, output, settings):
        super().__init__(
            cluster,
            scene.config,
            f"killing:{output}",
            scene.work / "run-killing.log",
            settings=settings,
            more_classes=BENCH,
        )


@fault
def unlike_processors(scene):
    """4 ranks, then 3, then 4, on executors of which two use other CPU instructions; the driver is killed between."""
    capabilities = [None, None, "avx2", "default"]
    workers = [
        Worker(f"w{index}", {"ATEN_CPU_CAPABILITY": name} if name else {}) for index, name in enumerate(capabilities)
    ]
    config = workload.config(scene.work, "full", scene.model, scene.data, ranks=4)
    with scene.cluster(*workers) as cluster:
        calm = scene.run(cluster, config=config)
        codes = [calm.wait(HANG_SECONDS)]
        cluster.wait_for_no_executors()
        output = scene.work / "run-unlike"
        for ranks, until in ((4, 3), (3, 6)):
            run = scene.run(cluster, output, config, overrides=[f"cluster.ranks={ranks}"])
            run.until(lambda run=run, until=until: run.saved() >= until)
            run.kill()
            cluster.wait_for_no_executors()
        run = scene.run(cluster, output, config)
        codes.append(run.wait(HANG_SECONDS))
        losses = [workload.test_loss(calm.output), workload.test_loss(output)]
        right = codes == [0, 0] and abs(losses[0] - losses[1]) < 1e-3
        return f"exit {codes[1]}, test loss {losses[1]:.6f}, undisturbed with 4 ranks {losses[0]:.6f}", right


@fault
def speculation(scene):
    """Spark starts tasks of prepare twice, on two hosts."""
    settings = {
        "spark.speculation": "true",
        "spark.speculation.multiplier": "1.0",
        "spark.speculation.quantile": "0.1",
        "spark.speculation.interval": "10ms",
        "spark.speculation.minTaskRuntime": "0ms",
    }
    with scene.cluster(Worker("one"), Worker("two", host="127.0.0.2")) as cluster:
        run = scene.run(cluster, settings=settings)
        code = run.wait(HANG_SECONDS)
        twice = run.log.read_text(errors="replace").count("speculatable")
        equal = scene.equal(run)
        return (
            f"{twice} tasks started twice, exit {code}, {'the undisturbed model' if equal else 'NO'}",
            code == 0 and equal,
        )


def has_shuffle_data(executor):
    """Returns whether an executor has map output, in the folders that its worker has given it."""
    try:
        variables = pathlib.Path(f"/proc/{executor}/environ").read_bytes().decode().split("\0")
    except OSError:
        return False
    folders = [path for line in variables if line.startswith("SPARK_EXECUTOR_DIRS=") for path in line[20:].split(":")]
    # Spark may remove subfolders meanwhile, which os.walk skips.
    return any(fnmatch.filter(names, "shuffle_*.data") for folder in folders for _, _, names in os.walk(folder))


@fault
def lost_map_output(scene):
    """The executor with the shuffle files of prepare is killed; the files and its cached blocks are lost."""
    with scene.cluster() as cluster:
        run = scene.run(cluster)
        executors = run.until(lambda: list(filter(has_shuffle_data, cluster.executors())))
        if not isinstance(executors, list):
            raise Failure(f"the run ended before prepare wrote map output: {run.error()[:160]}")
        kill(executors[0])
        code = run.wait(HANG_SECONDS)
        equal = scene.equal(run)
        return f"exit {code}, {'the undisturbed model' if equal else run.error()[:160]}", code == 0 and equal


@fault
def generations_beside_training(scene):
    """three generations of the dataset and two kills beside a training"""
    mails = scene.work / "mails"
    mails.mkdir()
    rows = scene.data.read_text().splitlines(keepends=True)
    texts = {name: "".join(rows[place::5]) for place, name in enumerate("abcde")}

    def write(*names):
        for name in names:
            (mails / f"{name}.jsonl").write_text(texts[name])

    write("a", "b", "c")
    config = workload.config(scene.work, "full", scene.model, mails, steps=300)

    def settings(name):
        return ("data.incremental=true", "training.save_steps=20", f"data.dir={scene.work / name}")

    with scene.cluster() as cluster:
        alone = types.SimpleNamespace(url="local[1]", temporary=cluster.temporary)

        def prepare(output, name):
            run = scene.run(alone, output, config, name="prepare", overrides=settings(name))
            if run.wait(HANG_SECONDS) != 0:
                raise Failure(f"prepare ended badly: {run.error()}")

        def train(output, name):
            return scene.run(cluster, output, config, name="train", overrides=settings(name))

        calm, output = scene.work / "calm-generations", scene.work / "generations"
        prepare(calm, "calm-dataset")
        prepare(output, "grown-dataset")
        run = train(calm, "calm-dataset")
        if run.wait(HANG_SECONDS) != 0:
            raise Failure(f"the undisturbed run ended badly: {run.error()}")
        cluster.wait_for_no_executors()
        run = train(output, "grown-dataset")
        run.until(lambda: run.steps() >= 5)
        # The rows of a removed file are erased, so shards are written again.
        (mails / "b.jsonl").unlink()
        write("d")
        prepare(output, "grown-dataset")
        kill(cluster.executors()[0])
        before = run.steps()
        run.until(lambda: run.steps() > before)
        write("e")
        prepare(output, "grown-dataset")
        kill(cluster.executors()[-1])
        write("b")
        prepare(output, "grown-dataset")
        beside = run.is_running()
        code = run.wait(HANG_SECONDS)
    manifests = sorted(file.name for file in (scene.work / "grown-dataset").glob("manifest-*.json"))
    equal = workload.weights_hash(output) == workload.weights_hash(calm)
    seen = f"exit {code}, {'bit-equal' if equal else 'another model'}, manifests {', '.join(manifests)}"
    if not beside:
        seen += ", but the training had ended before the last generation"
    return seen, code == 0 and equal and beside
