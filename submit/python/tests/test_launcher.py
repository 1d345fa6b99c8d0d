"""The wheel brings the command finetune with its launcher and jar."""

import os
import pathlib
import subprocess
import sys

import pytest
import spark_finetune_launcher
from spark_finetune.session import INSTALLED_JAR

FINETUNE = pathlib.Path(sys.executable).with_name("finetune")


def finetune(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "SPARK_HOME"}
    return subprocess.run(
        [FINETUNE, *arguments], env={**kept, **environment}, capture_output=True, text=True, timeout=120
    )


def test_finetune_runs_on_the_spark_of_pyspark():
    version = finetune("--version")

    assert version.returncode == 0, version.stderr
    assert pathlib.Path(INSTALLED_JAR.replace("*", version.stdout.split()[-1])).is_file()


def test_a_wrong_command_ends_with_exit_code_2():
    assert finetune("trian").returncode == 2


def test_spark_home_goes_first():
    refused = finetune("--version", SPARK_HOME="/nowhere")

    assert refused.returncode == 2
    assert "SPARK_HOME is /nowhere" in refused.stderr


def test_a_pyspark_without_jars_is_no_spark(tmp_path, monkeypatch):
    (tmp_path / "pyspark").mkdir()
    (tmp_path / "pyspark/__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "pyspark")
    monkeypatch.delenv("SPARK_HOME", raising=False)

    with pytest.raises(SystemExit, match="there is no Spark: set SPARK_HOME"):
        spark_finetune_launcher.environment()
