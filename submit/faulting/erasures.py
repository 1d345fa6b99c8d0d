"""SIGKILL during `finetune erase`: the same command goes on, and the model is that of an undisturbed erasure."""

import json
import random
import shutil
import signal
import subprocess
import time

import workload
from cluster import HANG_SECONDS, Failure, fresh

FINETUNE = workload.ROOT / "submit/bin/finetune"
KINDS = ("full", "lora")


def main(options):
    work = fresh(options.work)
    data = workload.texts(options.texts, work / "texts.jsonl")
    draws = random.Random(options.seed)
    kinds = [options.kind] if options.kind else KINDS
    calm = {kind: undisturbed(work, kind, options.model, data) for kind in kinds}
    equal = 0
    for number in range(options.runs):
        kind = kinds[number % len(kinds)]
        at = draws.random() * calm[kind]["seconds"]
        starts = disturbed(work, kind, calm[kind], at)
        same = workload.model_hash(work / kind) == calm[kind]["hash"]
        equal += same
        print(
            f"{number + 1} {kind}: killed at {at:.0f} s, {starts} starts, {'bit-equal' if same else 'DIFFERS'}",
            flush=True,
        )
    print(f"{equal} of {options.runs} models are bit-equal")
    return equal == options.runs


def undisturbed(work, kind, model, data):
    """Trains, keeps a copy, erases a document, and returns the command, the model's hash and the seconds."""
    config = workload.config(work, kind, model, data)
    common = ["--config", config, "--set", f"output.dir={work / kind}", "--set", "training.save_total_limit=9"]
    if finetune(work, "run", *common) != 0:
        raise Failure(f"the run failed, see {work / 'run.log'}")
    shutil.copytree(work / kind, work / f"{kind}-before")
    row = work / f"{kind}-row.json"
    for line in data.read_text().splitlines():
        row.write_text(line)
        command = ["erase", *common, "--text-file", row]
        if finetune(work, *command, "--plan") == 0 and "from step-" in (work / "erase.log").read_text():
            break
    else:
        raise Failure("no document is used late enough")
    before = workload.model_hash(work / kind)
    started = time.monotonic()
    if finetune(work, *command) != 0:
        raise Failure(f"the erasure failed, see {work / 'erase.log'}")
    seconds = time.monotonic() - started
    after = workload.model_hash(work / kind)
    if after == before:
        raise Failure("the erasure changed nothing")
    print(f"undisturbed {kind}: {seconds:.0f} s", flush=True)
    return {"command": command, "hash": after, "seconds": seconds}


def disturbed(work, kind, calm, at):
    """Kills the erasure once and starts it again until it ends well; returns the number of starts."""
    shutil.rmtree(work / kind)
    shutil.copytree(work / f"{kind}-before", work / kind)
    finetune(work, *calm["command"], kill_after=at)
    starts = 1
    code = None
    while code != 0 and starts < 4:
        starts += 1
        code = finetune(work, *calm["command"])
    record = json.loads((work / kind / "erasure.json").read_text())
    if code != 0 or len(record) != 1 or "finished" not in record[0]:
        raise Failure(f"the erasure does not end, see {work / 'erase.log'}")
    return starts


def finetune(work, command, *arguments, kill_after=None):
    """Runs a command in its own process group and returns its exit code; None if it was killed."""
    with open(work / f"{command}.log", "w") as log:
        words = [FINETUNE, command, *arguments]
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
        try:
            return process.wait(HANG_SECONDS if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            # The JVM is the group's leader or its child.
            subprocess.run(["kill", f"-{signal.SIGKILL.value}", "--", f"-{process.pid}"], check=True)
            process.wait()
            if kill_after is None:
                raise Failure(f"{command} hangs, see {work / command}.log") from None
            return None
