"""Faults of memory, numbers and object stores."""

import functools
import pathlib
import re
import subprocess

import workload
from cluster import HANG_SECONDS, HOME, OPENS, Failure, jar, java
from faults import BENCH, fault

STORE = "io.github.sparkfinetune.bench.StoreFileSystem"
# A line that cannot be read with the heap of SMALL.
HUGE = 180 << 20
SMALL, LARGE = {"spark.executor.memory": "500m"}, {"spark.executor.memory": "2500m"}
TRIES = 12


def rows(*paths):
    """Returns the number of rows of Parquet files and folders, and a digest of them."""
    return rows_and_schema(*paths)[0]


def rows_and_schema(*paths):
    """Returns the same, and the schema as JSON."""
    classes = f"{HOME}/jars/*:{BENCH}:{jar()}"
    line = [java(), *OPENS, "-cp", classes, "io.github.sparkfinetune.bench.RowsDigest", *map(str, paths)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise Failure(f"{paths[0]} cannot be read: {done.stderr[-300:]}")
    return done.stdout.splitlines()


def huge(scene):
    """Writes the texts, including one that does not fit small heaps."""
    path = scene.work / "huge.jsonl"
    texts = pathlib.Path(scene.data).read_text().splitlines(keepends=True)
    with open(path, "w") as out:
        out.writelines(texts[: len(texts) // 2])
        out.write('{"text": "' + "word " * (HUGE // 5) + '", "label": "tech"}\n')
        out.writelines(texts[len(texts) // 2 :])
    return path, len(texts) + 1


@fault
def heap_prepare(scene):
    """A text of 180 MB in prepare with a heap of 500 MB; then the same command with more."""
    path, _ = huge(scene)
    overrides = [f"data.train={path}"]
    with scene.cluster() as cluster:
        run = scene.run(cluster, name="prepare", overrides=overrides, settings=SMALL)
        code = run.wait(HANG_SECONDS)
        error, left = run.error(), list(run.output.glob("dataset/manifest-*.json"))
        cluster.wait_for_no_executors()
        again = scene.run(cluster, run.output, name="prepare", overrides=overrides, settings=LARGE)
        done = again.wait(HANG_SECONDS)
        right = (
            code == 4
            and "out of memory" in error
            and not left
            and done == 0
            and len(list(again.output.glob("dataset/manifest-*.json"))) == 1
        )
        return f"exit {code}: {error[:160]}…; with more memory: exit {done}", right


@fault
def heap_predict(scene):
    """As heap-prepare, in predict, with texts to classify."""
    path, count = huge(scene)
    output = scene.work / "predicted-huge"
    arguments = ["--input", str(path), "--output", str(output)]
    with scene.cluster() as cluster:
        run = scene.run(cluster, scene.calm_output, name="predict", arguments=arguments, settings=SMALL)
        code = run.wait(HANG_SECONDS)
        error, finished = run.error(), (output / "_SUCCESS").exists()
        cluster.wait_for_no_executors()
        again = scene.run(cluster, scene.calm_output, name="predict", arguments=arguments, settings=LARGE)
        done = again.wait(HANG_SECONDS)
        found = rows(output)
        right = code == 4 and "out of memory" in error and not finished and done == 0 and found.startswith(f"{count} ")
        return (
            f"exit {code}: {error[:160]}…; with more memory: exit {done}, {found.split(' ')[0]} of {count} rows",
            right,
        )


def store(scene, **settings):
    """Returns the settings of a store, and its folder of marks."""
    marks = scene.work / "broken-at"
    marks.mkdir(exist_ok=True)
    every = {"impl": STORE, "marks": str(marks), **settings}
    return {f"spark.hadoop.fs.gs.{key}": value for key, value in every.items()}, marks


def until_well(start, cluster):
    """Repeats a command until it ends well and returns all exit codes."""
    codes = []
    while not codes or (codes[-1] != 0 and len(codes) < TRIES):
        codes.append(start().wait(HANG_SECONDS))
        cluster.wait_for_no_executors()
    return codes


def broken(scene, error):
    """Breaks off writes to a store without abort; returns the exit codes, and whether nothing was lost."""
    globs = "**/dataset/**.parquet,**/manifest-*.json,**/step-*/model.safetensors,**/step-*/optimizer.safetensors"
    globs += ",**/step-*/COMMITTED,**/model/config.json,**/model/model.safetensors,**/predictions.parquet/part-*"
    globs += ",**/metrics.json,**/predicted-*/part-*,**/predicted-*/_predict.json"
    settings, marks = store(scene, broken=globs, error=error)
    for mark in marks.iterdir():
        mark.unlink()
    output, predicted = scene.work / f"run-{error}", scene.work / f"predicted-{error}"
    to = ["--input", str(scene.data), "--output"]
    with scene.cluster() as cluster:
        codes = until_well(lambda: scene.run(cluster, f"gs:{output}", settings=settings, more_classes=BENCH), cluster)
        equal = workload.model_hash(output) == scene.calm
        start = functools.partial(
            scene.run,
            cluster,
            f"gs:{output}",
            name="predict",
            arguments=[*to, f"gs:{predicted}"],
            settings=settings,
            more_classes=BENCH,
        )
        more = until_well(start, cluster)
        calm = scene.work / f"predicted-calm-{error}"
        scene.run(cluster, scene.calm_output, name="predict", arguments=[*to, str(calm)]).wait(HANG_SECONDS)
        same = rows(predicted) == rows(calm) and re.match(r"\d+ ", rows(calm)) is not None
        times = len(list(marks.iterdir()))
        codes_fit = set(codes + more) <= {0, 4} and codes[-1] == more[-1] == 0
        right = codes_fit and equal and same and times == len(globs.split(","))
        model = "the undisturbed model" if equal else "ANOTHER MODEL"
        seen = f"{times} files broken off, exit codes {codes} and {more}, {model}"
        return f"{seen}, {'its' if same else 'OTHER'} predictions", right


@fault
def store_without_abort(scene):
    """The network breaks off the first write of each kind, in a store that publishes the bytes of a broken stream."""
    return broken(scene, "network")


@fault
def store_without_abort_heap(scene):
    """As store-without-abort, by an error of the heap."""
    return broken(scene, "heap")


@fault
def nan_in_first_evaluation(scene):
    """The first step makes the weights infinite, and the following evaluation NaN."""
    with scene.cluster() as cluster:
        overrides = ["training.learning_rate=1e30", "training.max_grad_norm=0", "training.warmup_ratio=0"]
        overrides += ["training.eval_steps=1", "data.eval_fraction=0.1", "training.logging_steps=1"]
        run = scene.run(cluster, overrides=overrides)
        code = run.wait(HANG_SECONDS)
        error = run.error()
        left = (run.output / "model").exists()
        right = code == 4 and re.search("NaN|finite", error) is not None and not left
        return f"exit {code}: {error[:200]}…; {'A MODEL' if left else 'no model'} is left", right


@fault
def slow_store(scene):
    """A checkpoint that takes longer to read than ranks wait at a barrier."""
    settings, _ = store(scene)
    output = scene.work / "run-slow"
    barrier, wait = 10, 25
    with scene.cluster() as cluster:
        run = scene.run(cluster, f"gs:{output}", settings=settings, more_classes=BENCH)
        run.until(lambda: run.saved() >= 6)
        run.kill()
        cluster.wait_for_no_executors()
        slow, _ = store(scene, seconds=str(wait), slow="**/step-*/*.safetensors")
        slow["spark.barrier.sync.timeout"] = str(barrier)
        again = scene.run(cluster, f"gs:{output}", settings=slow, more_classes=BENCH)
        code = again.wait(HANG_SECONDS)
        equal = workload.model_hash(output) == scene.calm
        model = "the undisturbed model" if equal else again.error()[:160]
        seen = f"its files answer after {wait} s, barriers wait {barrier} s"
        return f"{seen}: exit {code}, {model}", code == 0 and equal
