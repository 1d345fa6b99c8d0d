"""A model for each value of a column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeVar

from pyspark.sql import DataFrame, SparkSession

from spark_finetune._backend import Backend
from spark_finetune._rows import Rows, frame
from spark_finetune.data import Comparison, Metrics, Report


class Measured(Protocol):
    """A run as the groups need it."""

    @property
    def metrics(self) -> Metrics:
        """Measurements so far."""


R = TypeVar("R", bound=Measured)


class Groups(Mapping[str, R]):
    """Runs by the values of a column: ``groups["North"]`` is the run on the rows of ``North``.

    Each group has a run's folder of its own below the ``output.dir`` of the run that :meth:`Run.per` was called on.
    """

    def __init__(self, spark: SparkSession, backend: Backend, column: str, opened: Callable[[str], R]) -> None:
        """Groups of a run.

        :param opened: opens the run of a folder
        """
        self._spark = spark
        self._backend = backend
        self._opened = opened
        #: Name of the column.
        self.column = column

    def run(self, *, together: int = 1) -> Groups[R]:
        """Prepares, trains and measures each group, as ``finetune run --per`` does.

        A group that fails does not end the others. The same call runs failed and missing groups again.

        :param together: groups at a time
        :raises DataError: if a group failed
        """
        self._backend.step("run_per", column=self.column, together=together)
        return self

    def _folders(self) -> dict[str, str]:
        return dict(json.loads(self._backend.groups()))

    def __getitem__(self, value: str) -> R:
        return self._opened(self._folders()[value])

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders())

    def __len__(self) -> int:
        return len(self._folders())

    def compare(self) -> Comparison:
        """Returns the measurements of the groups side by side."""
        return Comparison({value: run.metrics for value, run in self.items()})

    @property
    def report(self) -> Report:
        """Report on all groups.

        :raises DataError: if there is none yet
        """
        return Report.read(self._backend, f"the folder of the groups of {self.column}")

    def predict(self, rows: Rows, output_col: str = "prediction") -> DataFrame:
        """Adds the predictions of each row's group: structures with the columns of ``finetune predict``.

        A row of a group without a model has the reason in the field ``error``. The predictions are computed lazily,
        and the rows keep their order.
        """
        return self._backend.predict_per(frame(self._spark, rows, "rows", None), self.column, output_col)

    def predict_files(self, input: str, output: str, *, together: int = 1) -> DataFrame:
        """Predicts each row of files or a table with the model of its group.

        :param input: file, folder, glob or ``table:NAME``
        :param output: folder of Parquet files, which are divided by the column
        :param together: groups at a time
        :return: rows of the Parquet files
        :raises DataError: if a group of the rows has no model
        """
        self._backend.step("predict_per", column=self.column, input=input, output=output, together=together)
        return self._spark.read.parquet(output)

    def __repr__(self) -> str:
        return f"Groups({self.column!r})"

    def _repr_html_(self) -> str:
        return self.compare()._repr_html_()
