"""The command ``finetune`` of an installed wheel: the launcher in the wheel, on SPARK_HOME's Spark or pyspark's."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys


def folder(package: str) -> pathlib.Path | None:
    """Returns the folder of an installed package without importing the package, or None if there is none."""
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec else []
    return pathlib.Path(places[0]) if places else None


def environment() -> dict[str, str]:
    """Returns the environment of the launcher: SPARK_HOME is pyspark's folder unless it is set."""
    values = dict(os.environ)
    if not values.get("SPARK_HOME"):
        home = folder("pyspark")
        # The client of Spark Connect is a pyspark without jars.
        if home is None or not (home / "jars").is_dir():
            sys.exit(
                "error: there is no Spark: set SPARK_HOME to the folder of a Spark 3.5.1 to 4.x, or"
                " pip install 'spark-finetune[spark]'"
            )
        values["SPARK_HOME"] = str(home)
    return values


def main() -> None:
    """Starts the launcher in place of this process."""
    home = folder("spark_finetune")
    launcher = home / "submit/bin/finetune" if home else None
    if launcher is None or not launcher.is_file():
        sys.exit("error: spark_finetune was installed without the jar: install the wheel of a release")
    os.execvpe("bash", ["bash", str(launcher), *sys.argv[1:]], environment())
