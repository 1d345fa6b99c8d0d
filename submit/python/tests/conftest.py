"""A Spark session with the jar that SPARK_FINETUNE_JAR names, and texts that a tiny model learns to distinguish.

If SPARK_FINETUNE_REMOTE is the URL of a Spark Connect server, the session is one of this server.
"""

import os
import pathlib
import signal

import pytest
import spark_finetune
from pyspark.sql import SparkSession

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT / "finetune-core/src/test/resources/golden/models"
MODEL = f"{MODELS}/bert-seqcls"

# A process that a script starts in the background ignores interrupts; tests send some to themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def spark():
    remote = os.environ.get("SPARK_FINETUNE_REMOTE")
    if remote:
        session = SparkSession.builder.remote(remote).getOrCreate()
    else:
        session = spark_finetune.session(
            os.environ.get("SPARK_FINETUNE_JAR"),
            master=os.environ.get("SPARK_FINETUNE_MASTER", "local[2]"),
            settings={"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g"},
        )
    yield session
    session.stop()


@pytest.fixture(scope="session")
def mails(spark):
    rows = [(i, ("a cat and a cat " if i % 2 == 0 else "the dog of a dog ") + str(i)) for i in range(40)]
    return spark.createDataFrame(
        [(i, text, "cat" if "cat" in text else "dog") for i, text in rows], "id int, text string, label string"
    )


@pytest.fixture
def config(tmp_path):
    """Returns the configuration of a run on ``mails``."""
    return {
        "model": MODEL,
        "task": "classification",
        "data": {"test_fraction": 0.2, "eval_fraction": 0.0, "max_length": 16, "shards": 2},
        "training": {
            "per_device_train_batch_size": 4,
            "num_train_epochs": 4,
            "learning_rate": 5e-3,
            "logging_steps": 1,
        },
        "cluster": {"ranks": 2},
        "output": {"dir": str(tmp_path / "run")},
    }
