"""Faults of a machine and a cluster, each with its expected end."""

import functools
import pathlib
import re
import signal
import subprocess
import time

import workload
from cluster import HANG_SECONDS, ROOT, Cluster, Failure, Run, Worker, fresh
from processes import kill, send, wait_until

BENCH = ROOT / "submit/bench/target/classes"
FAULTS = {}


def fault(function):
    """Registers a fault by its function's name. The function returns what was seen and whether that is right."""
    FAULTS[function.__name__.replace("_", "-")] = function
    return function


class Scene:
    """Folders, the workload and the model of an undisturbed run."""

    def __init__(self, options):
        self.work = fresh(options.work)
        self.model = options.model
        self.data = workload.texts(options.texts, self.work / "texts.jsonl")
        self.config = workload.config(self.work, "full", self.model, self.data)
        self.runs = 0
        self.calm = None
        self.calm_output = None

    def cluster(self, *workers, host="127.0.0.1"):
        return Cluster(self.work / f"cluster-{self.runs}", workers or [Worker("one"), Worker("two")], host)

    def run(self, cluster, output=None, config=None, **more):
        """Starts a run with the given or a new output folder."""
        self.runs += 1
        output = output or self.work / f"run-{self.runs}"
        return Run(cluster, config or self.config, output, self.work / f"run-{self.runs}.log", **more)

    def measure(self, cluster):
        """Trains the undisturbed model."""
        run = self.run(cluster)
        code = run.wait(HANG_SECONDS)
        if code != 0:
            raise Failure(f"the undisturbed run ended with {code}: {run.error()}")
        self.calm = workload.model_hash(run.output)
        self.calm_output = run.output
        cluster.wait_for_no_executors()

    def equal(self, run):
        return workload.model_hash(run.output) == self.calm

    def finishes(self, cluster, output, **more):
        """Runs the same command again and returns whether it ends well with the undisturbed model."""
        cluster.wait_for_no_executors()
        run = self.run(cluster, output, **more)
        return run.wait(HANG_SECONDS) == 0 and self.equal(run)


def main(options):
    scene = Scene(options)
    with scene.cluster() as cluster:
        scene.measure(cluster)
    names = list(FAULTS) if "all" in options.names else options.names
    print("| fault | what is seen | as it must be |\n|---|---|---|", flush=True)
    good = True
    for name in names:
        begin = time.monotonic()
        try:
            seen, right = FAULTS[name](scene)
        except Failure as failure:
            seen, right = f"not known: {failure}", False
        seen += f" ({time.monotonic() - begin:.0f} s)"
        good &= right
        print(f"| {name} | {seen.replace('|', '/')} | {'yes' if right else 'NO'} |", flush=True)
    return good


def stops_and_goes_on(scene, cluster, run, reason, mend):
    """A run that must end with exit code 4 and a reason; the same command must finish after the fault is fixed."""
    code = run.wait(HANG_SECONDS)
    error = run.error()
    mend()
    resumed = scene.finishes(cluster, run.output)
    model = "the undisturbed model" if resumed else "NOT THAT MODEL"
    seen = f"exit {code}: {error[:160]}…; the same command then: {model}"
    return seen, code == 4 and re.search(reason, error) is not None and resumed


def mount(folder, *options):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], check=True)


def remount(folder, option):
    subprocess.run(["mount", "-o", f"remount,{option}", folder], check=True)


def protected(folder):
    """Makes a mounted folder read-only; returns False while a file there is open for writing."""
    return subprocess.run(["mount", "-o", "remount,ro", folder], capture_output=True).returncode == 0


def unmount(folder):
    subprocess.run(["umount", "-l", folder], check=False)


@fault
def disk_full_output(scene):
    """output.dir has room for one checkpoint."""
    folder = scene.work / "small"
    mount(folder, "size=420m")
    try:
        with scene.cluster() as cluster:
            run = scene.run(cluster, folder / "run")
            grow = functools.partial(remount, folder, "size=3g")
            return stops_and_goes_on(scene, cluster, run, "No space left", grow)
    finally:
        unmount(folder)


@fault
def disk_full_tmp(scene):
    """spark.local.dir has room only for shuffles: a checkpoint has no copy there, so the training waits for it."""
    with scene.cluster() as cluster:
        folder = cluster.temporary
        mount(folder, "size=24m")
        try:
            run = scene.run(cluster)
            code = run.wait(HANG_SECONDS)
            equal = scene.equal(run)
            return f"exit {code}, {'the undisturbed model' if equal else run.error()[:160]}", code == 0 and equal
        finally:
            unmount(folder)


@fault
def disk_full_shuffle(scene):
    """spark.local.dir is full."""
    with scene.cluster() as cluster:
        folder = cluster.temporary
        mount(folder, "size=64k")
        try:
            run = scene.run(cluster)
            grow = functools.partial(remount, folder, "size=3g")
            return stops_and_goes_on(scene, cluster, run, "No space left", grow)
        finally:
            unmount(folder)


@fault
def read_only(scene):
    """output.dir becomes read-only once no file there is open for writing: after the training."""
    folder = scene.work / "becomes-read-only"
    mount(folder, "size=3g")
    try:
        with scene.cluster() as cluster:
            run = scene.run(cluster, folder / "run")
            run.until(run.saved)
            wait_until(lambda: protected(folder), HANG_SECONDS, 0.05)
            writable = functools.partial(remount, folder, "rw")
            return stops_and_goes_on(scene, cluster, run, "Read-only file system|Mkdirs failed", writable)
    finally:
        unmount(folder)


@fault
def permission_denied(scene):
    """The executors' user may not write to output.dir: prepare's tasks fail four times."""
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with scene.cluster(Worker("one", prefix=nobody), Worker("two", prefix=nobody)) as cluster:
        run = scene.run(cluster)
        code = run.wait(HANG_SECONDS)
        error = run.error()
        left = list(run.output.glob("dataset/**/*.parquet"))
        right = code == 4 and re.search("(?i)denied|mkdirs failed", error) is not None and not left
        return f"exit {code}: {error[:160]}…; shards left: {len(left)}", right


@fault
def memory(scene):
    """A rank's address space is limited: PyTorch gets no more memory."""
    workers = [Worker("one"), Worker("two", prefix=["prlimit", f"--as={7 << 30}"])]
    with scene.cluster(*workers) as cluster:
        run = scene.run(cluster)
        run.until(run.saved)
        for pid in workers[1].executors():
            # From now on, little more than the memory that the rank has.
            size = int(re.search(r"VmSize:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) << 10
            subprocess.run(["prlimit", f"--pid={pid}", f"--as={size}"], check=True)
        code = run.wait(HANG_SECONDS)
        error = run.error()
        resumed = True if code == 0 else scene.finishes(cluster, run.output)
        equal = scene.equal(run) if code == 0 else resumed
        right = (code == 0 or "memory" in error) and equal
        return (
            f"exit {code}: {error[:160]}…; the same command then: {'the undisturbed model' if equal else 'NO'}",
            right,
        )


def stopped(scene, seconds, timeout):
    """Stops a rank for a while: seconds until its peer reports it, the exit code, and whether the model is equal."""
    with scene.cluster() as cluster:
        run = scene.run(cluster, overrides=[f"cluster.timeout_seconds={timeout}"])
        run.until(lambda: run.steps() >= 2)
        victim = cluster.workers[1].executors()[0]
        send(victim, signal.SIGSTOP)
        begin = time.monotonic()
        noticed = wait_until(lambda: reports(cluster, run), seconds, 0.05)
        noticed_after = time.monotonic() - begin if noticed else None
        time.sleep(max(0, seconds - (time.monotonic() - begin)))
        send(victim, signal.SIGCONT)
        return noticed_after, run.wait(HANG_SECONDS), scene.equal(run)


def reports(cluster, run):
    """Returns the log lines in which ranks report that they stop, and the driver a failed attempt."""
    lines = re.findall("attempt \\d+ failed: .*", run.log.read_text(errors="replace"))
    for log in pathlib.Path(cluster.folder).glob("work-*/app-*/*/stderr"):
        lines += [line for line in log.read_text(errors="replace").splitlines() if re.search(r"rank \d+ stops: ", line)]
    return lines


@fault
def stop_15_s(scene):
    """SIGSTOP of a rank for 15 s, within cluster.timeout_seconds=30."""
    noticed_after, code, equal = stopped(scene, 15, 30)
    return (
        f"goes on, exit {code}, {'the undisturbed model' if equal else 'ANOTHER MODEL'}",
        noticed_after is None and code == 0 and equal,
    )


@fault
def stop_60_s(scene):
    """SIGSTOP of a rank for 60 s, beyond cluster.timeout_seconds=10."""
    noticed_after, code, equal = stopped(scene, 60, 10)
    seen = "never noticed" if noticed_after is None else f"noticed after {noticed_after:.1f} s"
    return f"{seen}, exit {code}, {'the undisturbed model' if equal else 'ANOTHER MODEL'}", bool(
        noticed_after and noticed_after < 15 and code == 0 and equal
    )


@fault
def dead_peer(scene):
    """SIGKILL of a rank."""
    with scene.cluster() as cluster:
        run = scene.run(cluster)
        run.until(lambda: run.steps() >= 2)
        victim = cluster.workers[1].executors()[0]
        begin = time.monotonic()
        kill(victim)
        noticed = wait_until(lambda: reports(cluster, run), 60, 0.02)
        noticed_after = time.monotonic() - begin
        code = run.wait(HANG_SECONDS)
        equal = scene.equal(run)
        right = bool(noticed) and noticed_after < 10 and code == 0 and equal
        model = "the undisturbed model" if equal else "ANOTHER MODEL"
        return f"noticed after {noticed_after:.1f} s, exit {code}, {model}", right
