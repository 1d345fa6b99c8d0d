"""SIGKILL during `finetune predict --output table:…`, then the same command twice at once: each row lands once.

The tables are of Delta and of Iceberg, in turn.
"""

import concurrent.futures
import functools
import pathlib
import random
import subprocess
import time

import workload
from cluster import HOME, OPENS, Failure, fresh, jar, java
from erasures import finetune
from faults import BENCH
from store_faults import rows_and_schema

COPIES = 5
ROUNDS = 4
# A command that another one's lease refuses.
REFUSED = 4
KINDS = ("delta", "iceberg")
# In the local repository, of the tests' versions.
JARS = ("io/delta/*/*/*.jar", "org/apache/iceberg/*/*/*.jar")


def jars():
    found = [path for name in JARS for path in sorted((pathlib.Path.home() / ".m2/repository").glob(name))]
    if len(found) < len(JARS):
        raise Failure("the jars of Delta and Iceberg are not in ~/.m2/repository: build with ./mvnw -DskipTests verify")
    return found


def settings(work):
    """Returns the settings of a session with both catalogs."""
    return {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension,"
        "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": work / "lake",
        # Many parts, so that a kill finds some done, some begun and some missing.
        "spark.sql.files.maxPartitionBytes": "40000",
    }


def digest(work, *arguments):
    """Creates a table, or returns the number of its rows and their digest."""
    classes = f"{HOME}/jars/*:{BENCH}:{jar()}:" + ":".join(map(str, jars()))
    options = [f"-D{key}={value}" for key, value in settings(work).items()]
    line = [java(), *OPENS, *options, "-cp", classes, "io.github.sparkfinetune.bench.TableDigest"]
    done = subprocess.run([*line, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{arguments[-1]} cannot be read: {done.stderr[-300:]}")
    return done.stdout.strip()


class Table:
    """A table of a kind, which exists before the predictions."""

    def __init__(self, work, kind, number, schema_of):
        # A session's own catalog ends with the session, so the table of Delta has its path for a name.
        folder = work / f"delta-{number}"
        self.name = f"delta.`{folder}`" if kind == "delta" else f"lake.default.predicted_{number}"
        self.work = work
        digest(work, "create", kind, schema_of, self.name)

    def rows(self):
        return digest(self.work, "rows", self.name)


def main(options):
    work = fresh(options.work)
    data = workload.texts(options.texts, work / "texts.jsonl")
    many = work / "many.jsonl"
    many.write_text(data.read_text() * COPIES)
    config = workload.config(work, "lora", options.model, data)
    common = ["--config", config, "--set", f"output.dir={work / 'run'}"]
    common += ["--conf", "spark.driver.extraClassPath=" + ":".join(map(str, jars()))]
    for key, value in settings(work).items():
        common += ["--conf", f"{key}={value}"]
    if finetune(work, "run", *common) != 0:
        raise Failure(f"the run failed, see {work / 'run.log'}")
    predict = functools.partial(finetune, work, "predict", *common, "--input", many, "--output")
    started = time.monotonic()
    calm = work / "calm"
    if predict(calm) != 0:
        raise Failure(f"the prediction failed, see {work / 'predict.log'}")
    # The commit into a table comes after the predictions.
    seconds = 1.2 * (time.monotonic() - started)
    expected = rows_and_schema(calm)[0]
    print(f"undisturbed: {seconds:.0f} s, {expected.split(' ')[0]} rows", flush=True)
    draws = random.Random(options.seed)
    kinds = [options.table] if options.table else KINDS
    equal = 0
    for number in range(options.runs):
        kind = kinds[number % len(kinds)]
        table = Table(work, kind, number + 1, calm)
        at = draws.random() * seconds
        predict(f"table:{table.name}", kill_after=at)
        codes = at_once(predict, f"table:{table.name}")
        found = table.rows()
        same = 0 in codes and set(codes) <= {0, REFUSED} and found == expected
        equal += same
        result = "equal" if same else f"DIFFERS: {found}"
        print(f"{number + 1} {kind}: killed at {at:.0f} s, then exits {codes}, {result}", flush=True)
    print(f"{equal} of {options.runs} tables have each row of an undisturbed command once")
    return equal == options.runs


def at_once(predict, output):
    """Starts the command twice at once, again until one has ended well, and then once more; returns the exit codes."""
    codes = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        while 0 not in codes and len(codes) < 2 * ROUNDS:
            codes += pool.map(predict, [output, output])
    return [*codes, predict(output)]
