"""Executors that the cluster takes away: in order, by a signal, or again and again."""

import random
import signal
import time

import workload
from cluster import HANG_SECONDS, Failure, Worker
from faults import fault
from processes import kill, send

# Enough steps that a fault and its consequence lie between the first and the last.
LONG = ["training.max_steps=80"]
# Only a rank that leaves saves a checkpoint before the end.
UNSAVED = [*LONG, "training.save_steps=1000", "training.save_minutes=0"]
# Of a storm of kills: seconds from one to the next, least share of the undisturbed speed, and settings of the training.
KILL_EVERY = 30
THROUGHPUT = 0.8
STORM = ["training.max_steps=600", "training.save_steps=1000", "training.save_minutes=0.05"]
RANKS = 4


def calm(scene, cluster, overrides):
    """Returns the model of an undisturbed run with more steps."""
    run = scene.run(cluster, overrides=overrides)
    if run.wait(HANG_SECONDS) != 0:
        raise Failure(f"the undisturbed run failed: {run.error()}")
    cluster.wait_for_no_executors()
    return workload.model_hash(run.output)


def saved(run):
    return sorted(int(folder.name.split("-")[1]) for folder in run.output.glob("checkpoints/step-*"))


def leaves(scene, cluster, notice):
    """A run whose executor gets a notice must save the step in progress, and end with the undisturbed model."""
    expected = calm(scene, cluster, UNSAVED)
    run = scene.run(cluster, overrides=UNSAVED)
    run.until(lambda: run.steps() >= 10)
    notice()
    code = run.wait(HANG_SECONDS)
    steps = saved(run)
    equal = workload.model_hash(run.output) == expected
    model = "the undisturbed model" if equal else "ANOTHER MODEL"
    return f"saved after step {steps[0]}, exit {code}, {model}", code == 0 and equal and 10 <= steps[0] < steps[-1]


@fault
def decommission(scene):
    """A worker is added, and another gets SIGPWR: Spark decommissions its executor."""
    settings = {"spark.decommission.enabled": "true"}
    cluster = scene.cluster(Worker("one", settings=settings), Worker("two", settings=settings))
    cluster.settings = settings

    def notice():
        cluster.add(Worker("three"))
        send(cluster.workers[0].process.pid, signal.SIGPWR)

    with cluster:
        return leaves(scene, cluster, notice)


@fault
def sigterm(scene):
    """SIGTERM to an executor."""
    with scene.cluster() as cluster:
        return leaves(scene, cluster, lambda: send(cluster.workers[1].executors()[0], signal.SIGTERM))


@fault
def storm(scene):
    """Of four ranks, one at random is killed every 30 s: at least 80 % of the undisturbed speed."""
    config = workload.config(scene.work, "lora", scene.model, scene.data, ranks=RANKS)
    with scene.cluster(*(Worker(f"w{number}") for number in range(RANKS))) as cluster:
        prepared = scene.work / "storm"
        overrides = [*STORM, f"data.dir={prepared / 'dataset'}"]
        if scene.run(cluster, prepared, config, name="prepare", overrides=overrides).wait(HANG_SECONDS) != 0:
            raise Failure("the dataset of the storm was not prepared")
        cluster.wait_for_no_executors()
        undisturbed, expected, _ = trained(scene, cluster, config, overrides)
        disturbed, model, kills = trained(scene, cluster, config, overrides, random.Random(1))
        share = undisturbed / disturbed
        equal = "the undisturbed model" if model == expected else "ANOTHER MODEL"
        return (
            f"{kills} kills: {disturbed:.0f} s, undisturbed {undisturbed:.0f} s, {share:.0%} of the speed, {equal}",
            share >= THROUGHPUT and model == expected and kills > 0,
        )


def trained(scene, cluster, config, overrides, draws=None):
    """Trains; returns the seconds of the command, the model, and how many executors were killed."""
    run = scene.run(cluster, config=config, name="train", overrides=overrides)
    begin = time.monotonic()
    kills = 0
    while run.is_running() and time.monotonic() - begin < HANG_SECONDS:
        time.sleep(0.1)
        if draws and time.monotonic() - begin > (kills + 1) * KILL_EVERY and cluster.executors():
            kill(draws.choice(cluster.executors()))
            kills += 1
    code = run.wait(HANG_SECONDS)
    seconds = time.monotonic() - begin
    if code != 0:
        raise Failure(f"the training ended with {code}: {run.error()}")
    cluster.wait_for_no_executors()
    return seconds, workload.weights_hash(run.output), kills
