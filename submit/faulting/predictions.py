"""SIGKILL during `finetune predict`: started again, the command ends with each row once, as without the kill."""

import functools
import json
import pathlib
import random
import time

import bucket
import workload
from cluster import Failure, fresh
from erasures import finetune
from faults import BENCH
from store_faults import STORE, rows, rows_and_schema

COPIES = 20
STARTS = 4
LOG = "_delta_log"
# In the local repository, of the tests' versions.
JARS = (
    "io/delta/*/*/*.jar",
    "org/apache/hadoop/hadoop-aws/3.3.4/*.jar",
    "com/amazonaws/aws-java-sdk-bundle/1.12.262/*.jar",
)


class Folder:
    """Predictions in files, on a file system whose paths begin with a scheme."""

    def __init__(self, scheme):
        self.scheme = scheme

    def output(self, folder):
        return f"{self.scheme}{folder}"

    def create(self, folder, schema):
        """Nothing: the command creates the folder."""

    def rows(self, folder):
        return rows(folder)


class Delta:
    """Predictions in a table of Delta, which exists before and is read by its log."""

    def output(self, folder):
        return f"table:delta.`{folder}`"

    def create(self, folder, schema):
        log = folder / LOG
        log.mkdir(parents=True)
        table = {"id": folder.name, "format": {"provider": "parquet", "options": {}}, "schemaString": schema}
        table |= {"partitionColumns": [], "configuration": {}}
        actions = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": table}]
        (log / f"{0:020}.json").write_text("".join(json.dumps(action) + "\n" for action in actions))

    def rows(self, folder):
        files = set()
        for commit in sorted((folder / LOG).glob("*.json")):
            for action in map(json.loads, commit.read_text().splitlines()):
                files |= {action["add"]["path"]} if "add" in action else set()
                files -= {action["remove"]["path"]} if "remove" in action else set()
        return rows(*(folder / file for file in files))


class S3(Folder):
    """Predictions in the bucket of a server."""

    def __init__(self):
        super().__init__(f"s3a://{bucket.NAME}")
        self.bucket = None

    def rows(self, folder):
        self.bucket.download(str(folder).lstrip("/"), folder)
        return rows(folder)


# Where the predictions go; the store publishes the bytes of a broken stream.
KINDS = {"file": Folder(""), "store": Folder("gs:"), "s3": S3(), "table": Delta()}


def session(server):
    """Returns the settings of a session with the stores and with Delta; the build has fetched the jars."""
    jars = [jar for name in JARS for jar in sorted((pathlib.Path.home() / ".m2/repository").glob(name))]
    if len(jars) < len(JARS):
        raise Failure("the jars of Delta and S3 are not in ~/.m2/repository: build with ./mvnw -DskipTests verify")
    settings = {
        "spark.driver.extraClassPath": ":".join(map(str, [BENCH, *jars])),
        "spark.hadoop.fs.gs.impl": STORE,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # Many parts, so that a kill finds some done, some begun and some missing.
        "spark.sql.files.maxPartitionBytes": "40000",
        **server.settings(),
    }
    return [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]


def main(options):
    with bucket.Bucket() as server:
        KINDS["s3"].bucket = server
        return killed(options, server)


def killed(options, server):
    """Predicts undisturbed, then with kills; returns whether all predictions are equal."""
    work = fresh(options.work)
    data = workload.texts(options.texts, work / "texts.jsonl")
    many = work / "many.jsonl"
    many.write_text(data.read_text() * COPIES)
    config = workload.config(work, "lora", options.model, data)
    common = ["--config", config, "--set", f"output.dir={work / 'run'}", *session(server)]
    if finetune(work, "run", *common) != 0:
        raise Failure(f"the run failed, see {work / 'run.log'}")
    predict = functools.partial(finetune, work, "predict", *common, "--input", many, "--output")
    started = time.monotonic()
    calm = work / "calm"
    if predict(calm) != 0:
        raise Failure(f"the prediction failed, see {work / 'predict.log'}")
    seconds = time.monotonic() - started
    expected, schema = rows_and_schema(calm)
    print(f"undisturbed: {seconds:.0f} s, {expected.split(' ')[0]} rows", flush=True)
    draws = random.Random(options.seed)
    kinds = [options.output] if options.output else list(KINDS)
    equal = 0
    for number in range(options.runs):
        name = kinds[number % len(kinds)]
        kind = KINDS[name]
        folder = work / f"predicted-{number + 1}"
        kind.create(folder, schema)
        at = draws.random() * seconds
        codes = [predict(kind.output(folder), kill_after=at)]
        while codes[-1] != 0 and len(codes) < STARTS:
            codes.append(predict(kind.output(folder)))
        same = codes[-1] == 0 and kind.rows(folder) == expected
        equal += same
        print(
            f"{number + 1} {name}: killed at {at:.0f} s, {len(codes)} starts, {'equal' if same else 'DIFFERS'}",
            flush=True,
        )
    print(f"{equal} of {options.runs} predictions are those of an undisturbed command")
    return equal == options.runs
