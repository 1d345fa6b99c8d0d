"""A run's tagger hides entities of texts by finetune redact, as users run it: redact_model.py RUN TEXTS MASKED CORES

Run in the project's root, with the distribution built. TEXTS is a file of JSON Lines with the column text. The command
runs twice, with a quarter of the texts and with all; the speed is that of the others, without the start. MASKED,
a new file, has the texts with an asterisk for each hidden character.
"""

import itertools
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import pyarrow.parquet as pq

ENTITIES = "[PERSON, LOCATION, ORGANIZATION, NRP, DATE_TIME]"
run, texts, masked, cores = sys.argv[1:]


def redacted(file, output):
    """Redacts the texts of a file into a folder; returns the seconds, and those of processors."""
    settings = {
        "data.format": "jsonl",
        "data.redact.model": f"{run}/model",
        "data.redact.entities": ENTITIES,
        "data.redact.operator": "mask",
    }
    command = ["submit/bin/finetune", "redact", "--config", f"{run}/run.yaml", "--input", file, "--output", output]
    command += ["--columns", "text", "--master", f"local[{cores}]"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        command + [part for key, value in settings.items() for part in ("--set", f"{key}={value}")],
        check=True,
        stdout=sys.stderr,
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


with tempfile.TemporaryDirectory() as work:
    with open(texts, encoding="utf-8") as lines:
        rows = [{"text": json.loads(line)["text"]} for line in lines]
    few = f"{work}/few.jsonl"
    some = rows[: len(rows) // 4]
    for name, part in ((few, some), (f"{work}/all.jsonl", rows)):
        pathlib.Path(name).write_text("".join(json.dumps(row) + "\n" for row in part), encoding="utf-8")
    start, start_cpu = redacted(few, f"{work}/few")
    seconds, cpu = redacted(f"{work}/all.jsonl", f"{work}/all")
    files = sorted(pathlib.Path(work, "all").glob("*.parquet"))
    found = itertools.chain.from_iterable(pq.read_table(file)["text"].to_pylist() for file in files)
    with open(masked, "w", encoding="utf-8") as output:
        output.writelines(json.dumps({"text": text}) + "\n" for text in found)
count = len(rows) - len(some)
size = sum(len(row["text"].encode()) for row in rows) - sum(len(row["text"].encode()) for row in some)
taken = seconds - start
print(
    f"ours texts {len(rows)} texts/s {count / taken:.1f} MB/s {size / taken / 1e6:.3f} "
    f"texts/cpu-s {count / (cpu - start_cpu):.1f} "
    f"seconds {seconds:.1f}, start {start:.1f}"
)
