"""SIGKILL at random moments: models must be bit-equal to those of undisturbed runs."""

import random
import statistics
import time

import workload
from cluster import HANG_SECONDS, Cluster, Failure, Run, Worker, fresh
from processes import kill

# Process and moment of each kill, repeated in this order.
MOMENTS = ("prepare", "rendezvous", "step", "checkpoint", "export", "driver")


def main(options):
    work = fresh(options.work)
    data = workload.texts(options.texts, work / "texts.jsonl")
    draws = random.Random(options.seed)
    rows = []
    with Cluster(work / "cluster", [Worker("one"), Worker("two")]) as cluster:
        kinds = [options.kind] if options.kind else list(workload.KINDS)
        teacher = ["full"] if kinds == ["distilled"] else []
        calm = {kind: undisturbed(cluster, work, kind, options.model, data) for kind in teacher + kinds}
        if {"full", "sharded"} <= set(calm) and calm["full"]["hash"] != calm["sharded"]["hash"]:
            raise Failure("the ranks that share the weights have trained another model")
        for number in range(options.runs):
            kind = kinds[number // len(MOMENTS) % len(kinds)]
            row = disturbed(cluster, work, number + 1, kind, MOMENTS[number % len(MOMENTS)], calm[kind], draws)
            rows.append(row)
            print(line(row), flush=True)
    return report(rows, calm)


def undisturbed(cluster, work, kind, model, data):
    """Runs without a kill and returns configuration, hash, seconds, and seconds from the first step to the last."""
    config = workload.config(work, kind, model, data)
    run = Run(cluster, config, work / f"calm-{kind}", work / f"calm-{kind}.log")
    if run.until(lambda: run.steps() >= 1) is None:
        raise Failure(f"the undisturbed run hangs, see {run.log}")
    first = time.monotonic()
    run.until(lambda: run.steps() >= 12)
    training = time.monotonic() - first
    code = run.wait(HANG_SECONDS)
    if code != 0:
        raise Failure(f"the undisturbed run ended with {code}: {run.error()}")
    cluster.wait_for_no_executors()
    seconds = time.monotonic() - run.started
    print(f"undisturbed {kind}: {seconds:.0f} s, of these training {training:.0f} s", flush=True)
    return {
        "config": config,
        "hash": workload.model_hash(run.output),
        "seconds": seconds,
        "training": training,
    }


def disturbed(cluster, work, number, kind, moment, calm, draws):
    """Kills one process of a run and restarts the run until it ends well."""
    output, log = work / f"run-{number}", work / f"run-{number}.log"
    run = Run(cluster, calm["config"], output, log)
    begin = run.started
    killed = strike(cluster, run, moment, calm, draws)
    at = time.monotonic() - begin
    code = run.wait(HANG_SECONDS)
    restarts = 0
    while code not in (0, None) and restarts < 3:
        restarts += 1
        cluster.wait_for_no_executors()
        run = Run(cluster, calm["config"], output, log)
        code = run.wait(HANG_SECONDS)
    cluster.wait_for_no_executors()
    return {
        "number": number,
        "kind": kind,
        "moment": moment,
        "killed": killed,
        "at": at,
        "restarts": restarts,
        "hang": code is None,
        "equal": workload.model_hash(output) == calm["hash"],
        "lost": time.monotonic() - begin - calm["seconds"],
    }


def strike(cluster, run, moment, calm, draws):
    """Waits for the moment and kills; returns what was killed, or which moment came too late."""
    delay = draws.random()

    def everybody():
        return cluster.executors() if len(cluster.executors()) == workload.RANKS else None

    checkpoints = run.output / "checkpoints"
    if moment == "prepare":
        run.until(everybody)
        time.sleep(delay * 6)
    elif moment == "rendezvous":
        run.until((run.output / "dataset/manifest-1.json").exists)
        time.sleep(delay * 3)
    elif moment in ("step", "driver"):
        after = draws.randrange(1, 11)
        run.until(lambda: run.steps() >= after)
        time.sleep(delay * calm["training"] / 12)
    elif moment == "checkpoint":
        wanted = draws.choice((3, 6, 9, 12))
        run.until(lambda: list(checkpoints.glob(f"step-{wanted:08}-*")))
        # A full run takes most of the time for the first two files; an adapter's files take a moment.
        time.sleep(delay * 0.1)
    else:
        run.until(lambda: list(run.output.glob(".model.tmp.*")))
        time.sleep(delay * 0.1)
    if not run.is_running():
        return "nothing, it was done"
    if moment == "driver":
        kill(run.process.pid)
        return "driver"
    writer = cluster.writer(run.output) if moment in ("checkpoint", "export") else None
    executors = cluster.executors()
    if not executors:
        return "nothing, no executor was there"
    kill(writer or draws.choice(executors))
    return "rank 0's executor, writing" if writer else "an executor"


HEADER = "| | run | moment | killed | at s | restarts | model | time lost s |\n|---|---|---|---|---|---|---|---|"


def line(row):
    model = "hangs" if row["hang"] else "bit-equal" if row["equal"] else "DIFFERS"
    return (
        f"| {row['number']} | {row['kind']} | {row['moment']} | {row['killed']} | {row['at']:.0f} | {row['restarts']} "
        f"| {model} | {row['lost']:.0f} |"
    )


def report(rows, calm):
    """Prints the table and returns whether every model is as expected."""
    equal = sum(row["equal"] for row in rows)
    lost = [row["lost"] for row in rows]
    print("\n" + HEADER)
    print("\n".join(map(line, rows)))
    print(
        f"\n{equal} of {len(rows)} models are bit-equal, {sum(row['hang'] for row in rows)} hang; "
        "an undisturbed run takes "
        + ", ".join(f"{one['seconds']:.0f} s ({kind})" for kind, one in calm.items())
        + f"; time lost a kill: median {statistics.median(lost):.0f} s, at most {max(lost):.0f} s"
    )
    return equal == len(rows)
