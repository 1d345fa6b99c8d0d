"""Users of a release: spark-submit by packages, the wheel's command, a library's main; each trains a tiny model."""

import json
import os
import subprocess
import sys
import zipfile

import stock
from cluster import MAIN, ROOT, Failure, base_environment
from steps import run

GROUP = "io.github.sparkfinetune"
MODEL = ROOT / "finetune-core/src/test/resources/golden/models/bert-seqcls"


def repository(release):
    """Returns a Maven repository that has the bundle's artifacts and nothing else."""
    folder = release.work / "bundle"
    if not folder.exists():
        with zipfile.ZipFile(release.bundle) as bundle:
            bundle.extractall(folder)
    return folder


def texts(release):
    """Writes training and evaluation rows that a tiny model learns to distinguish, and run.yaml."""
    folder = release.work / "texts"
    if not folder.exists():
        folder.mkdir()
        for name, numbers in (("train", range(40)), ("eval", range(40, 60))):
            lines = [
                {"text": f"a cat and a cat {i}", "label": "cat"}
                if i % 2
                else {"text": f"the dog of a dog {i}", "label": "dog"}
                for i in numbers
            ]
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def config(release, name):
    """Writes the configuration of one user's run and returns the file."""
    data = texts(release)
    file = data / f"{name}.yaml"
    file.write_text(
        json.dumps(
            {
                "model": str(MODEL),
                "task": "classification",
                "data": {"train": str(data / "train.jsonl"), "eval": str(data / "eval.jsonl"), "max_length": 16},
                "training": {"per_device_train_batch_size": 4, "num_train_epochs": 4, "learning_rate": 5e-3},
                "output": {"dir": str(release.work / "runs" / name)},
            }
        )
    )
    return file


def accuracy(release, name):
    metrics = json.loads((release.work / "runs" / name / "metrics.json").read_text())
    found = (metrics.get("test") or metrics["eval"])["accuracy"]
    if found < 0.9:
        raise Failure(f"{name}: the tiny model has an accuracy of {found}")
    return f"accuracy {found:.2f}"


def packages(release):
    """Runs by spark-submit --packages, with an empty Ivy cache."""
    spark = stock.spark_home()
    command = [
        spark / "bin/spark-submit",
        *("--master", "local[2]"),
        *("--packages", f"{GROUP}:spark-finetune:{release.version}"),
        *("--repositories", repository(release).as_uri()),
        *("--conf", f"spark.jars.ivy={release.work}/ivy"),
        *("--conf", "spark.ui.enabled=false"),
        *("--class", MAIN, "spark-internal", "run", "--config", config(release, "packages")),
    ]
    environment = {**base_environment(spark), "SPARK_LOCAL_IP": "127.0.0.1"}
    log = run(command, release.work, environment, release.work / "packages.log")
    fetched = [line.split()[0] for line in log.splitlines() if " from " in line and " in [" in line]
    if fetched and fetched != [f"{GROUP}#spark-finetune;{release.version}"]:
        raise Failure(f"the jar brings further artifacts: {', '.join(fetched)}")
    return f"{accuracy(release, 'packages')}, on {spark.name} of {spark}"


def wheel(release):
    """Runs by the command of the installed wheel, on the same Spark."""
    venv = release.work / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    (file,) = release.dist.glob("*.whl")
    run([venv / "bin/pip", "install", "-q", file], release.work)
    installed = run([venv / "bin/pip", "list", "--format=freeze"], release.work)
    if "pyspark" in installed:
        raise Failure(f"the wheel brought a pyspark, in place of a platform's own: {installed}")
    spark = {"SPARK_HOME": str(stock.spark_home())}
    version = run([venv / "bin/finetune", "--version"], release.work, spark).strip()
    if not version.endswith(release.version):
        raise Failure(f"the wheel's finetune is of version {version}")
    run(
        [venv / "bin/finetune", "run", "--config", config(release, "wheel")],
        release.work,
        spark,
        release.work / "wheel.log",
    )
    return f"{version}, {accuracy(release, 'wheel')}"


def library(release):
    """Builds and runs a main without Spark on the core's artifact."""
    folder = release.clone / "submit/releasing/library"
    settings = release.work / "settings.xml"
    settings.write_text(
        f"""<settings><profiles><profile><id>release</id><repositories><repository><id>release</id>
        <url>{repository(release).as_uri()}</url></repository></repositories></profile></profiles>
        <activeProfiles><activeProfile>release</activeProfile></activeProfiles></settings>"""
    )
    data = texts(release)
    arguments = f"{config(release, 'library')} {data}/train.jsonl {data}/eval.jsonl"
    cache = os.environ.get("MAVEN_REPOSITORY", os.path.expanduser("~/.m2/repository"))
    log = run(
        [
            *(release.clone / "mvnw", "-B", "-ntp", "-q", "-s", settings, "-f", folder / "pom.xml"),
            # Other artifacts come from the cache; the release's own would stay in it.
            *(f"-Dmaven.repo.local={release.work}/m2", f"-Dmaven.repo.local.tail={cache}"),
            *(f"-Dspark-finetune.version={release.version}", "compile", "exec:java", f"-Dexec.args={arguments}"),
        ],
        folder,
        None,
        release.work / "library.log",
    )
    right = sum(
        f"cat a cat and a cat {i}" in log if i % 2 else f"dog the dog of a dog {i}" in log for i in range(40, 60)
    )
    if right < 18:
        raise Failure(f"the tiny model labels {right} of 20 texts right")
    return f"{right} of 20 texts labelled right, without Spark"
