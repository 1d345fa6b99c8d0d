"""A Spark session with the installed wheel's jar, and texts that a tiny model learns to distinguish."""

import pathlib

import pytest
import spark_finetune

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT / "finetune-core/src/test/resources/golden/models"
MODEL = f"{MODELS}/bert-seqcls"


@pytest.fixture(scope="session")
def spark():
    session = spark_finetune.session(settings={"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g"})
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
