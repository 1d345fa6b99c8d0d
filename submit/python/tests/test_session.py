"""The session has the settings of the command line."""

import pytest
from spark_finetune import ConfigError, session
from spark_finetune.session import ENVIRONMENT, SETTINGS, java_class


def test_settings_are_those_of_the_commands(spark):
    loader = java_class(spark.sparkContext, "conf.load.RunConfigLoader")
    run = loader.parse("{model: m, task: causal-lm, data: {train: t}, output: {dir: d}}", "test", [])
    java = java_class(spark.sparkContext, "spark.cluster.SparkSessions").conf(run, "test", "local[2]", {})
    wanted = dict(SETTINGS, **{f"spark.executorEnv.{name}": value for name, value in ENVIRONMENT.items()})
    assert {name: java.get(name, None) for name in wanted} == wanted
    assert {name: spark.conf.get(name) for name in wanted} == wanted
    set_by_java = {pair._1() for pair in java.getAll() if pair._1() not in dict(spark.sparkContext.getConf().getAll())}
    assert set_by_java == set()


def test_jar_must_be_one_file(tmp_path):
    with pytest.raises(ConfigError, match="fits 0 files"):
        session(str(tmp_path / "*.jar"))
