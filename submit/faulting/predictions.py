"""SIGKILL during `finetune predict`: started again, the command ends with each row once, as without the kill."""

import random
import time

import workload
from cluster import Failure, fresh
from erasures import finetune
from faults import BENCH
from store_faults import STORE, rows

# Where the predictions go: to files, and to a store that publishes the bytes of a broken stream.
KINDS = {"file": "", "store": "gs:"}
COPIES = 20
STARTS = 4


def main(options):
    work = fresh(options.work)
    data = workload.texts(options.texts, work / "texts.jsonl")
    many = work / "many.jsonl"
    many.write_text(data.read_text() * COPIES)
    config = workload.config(work, "lora", options.model, data)
    common = ["--config", config, "--set", f"output.dir={work / 'run'}"]
    common += ["--conf", f"spark.driver.extraClassPath={BENCH}", "--conf", f"spark.hadoop.fs.gs.impl={STORE}"]
    # Many parts, so that a kill finds some done, some begun and some missing.
    common += ["--conf", "spark.sql.files.maxPartitionBytes=40000"]
    if finetune(work, "run", *common) != 0:
        raise Failure(f"the run failed, see {work / 'run.log'}")
    started = time.monotonic()
    calm = work / "calm"
    if finetune(work, "predict", *common, "--input", many, "--output", calm) != 0:
        raise Failure(f"the prediction failed, see {work / 'predict.log'}")
    seconds = time.monotonic() - started
    expected = rows(calm)
    print(f"undisturbed: {seconds:.0f} s, {expected.split(' ')[0]} rows", flush=True)
    draws = random.Random(options.seed)
    equal = 0
    for number in range(options.runs):
        kind = list(KINDS)[number % len(KINDS)]
        output = work / f"predicted-{number + 1}"
        at = draws.random() * seconds
        command = ["predict", *common, "--input", many, "--output", f"{KINDS[kind]}{output}"]
        codes = [finetune(work, *command, kill_after=at)]
        while codes[-1] != 0 and len(codes) < STARTS:
            codes.append(finetune(work, *command))
        same = codes[-1] == 0 and rows(output) == expected
        equal += same
        print(
            f"{number + 1} {kind}: killed at {at:.0f} s, {len(codes)} starts, {'equal' if same else 'DIFFERS'}",
            flush=True,
        )
    print(f"{equal} of {options.runs} predictions are those of an undisturbed command")
    return equal == options.runs
