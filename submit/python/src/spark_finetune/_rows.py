"""Rows of a notebook as DataFrames of Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from spark_finetune.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas
    import pyarrow

#: A DataFrame of Spark or pandas, a table of Arrow, or a list: of dictionaries by column, or of texts.
Rows = Union[DataFrame, "pandas.DataFrame", "pyarrow.Table", "Sequence[Mapping[str, Any]]", "Sequence[str]"]


def _is_of(rows: Any, package: str, name: str) -> bool:
    """Returns whether the rows are of a class of a package, which need not be installed."""
    return any(kind.__name__ == name and kind.__module__.split(".")[0] == package for kind in type(rows).__mro__)


def frame(spark: SparkSession, rows: Rows, what: str, text: str | None) -> DataFrame:
    """Returns rows as a DataFrame of Spark.

    :param what: name of the rows in messages
    :param text: column of a list of texts; None if such a list has no column
    :raises DataError: if the rows cannot be rows of a DataFrame
    """
    values: Any = rows
    if _is_of(rows, "pyspark", "DataFrame"):
        found: DataFrame = values.to_spark() if "pandas" in type(rows).__module__.split(".") else values
        return found
    if _is_of(rows, "pyarrow", "Table"):
        # Spark 3.5 takes no table of Arrow.
        values = values.to_pandas()
    schema: StructType | None = None
    columns: list[str] = []
    if not _is_of(values, "pandas", "DataFrame"):
        if not isinstance(rows, (list, tuple)) or not rows:
            given = "an empty list" if isinstance(rows, (list, tuple)) else f"a {type(rows).__name__}"
            raise DataError(f"{what}: {given} has no rows: give a DataFrame, or a list of dictionaries")
        if all(isinstance(row, str) for row in rows):
            if text is None:
                raise DataError(f"{what}: texts alone have no columns: give a DataFrame, or a list of dictionaries")
            schema = StructType([StructField(text, StringType())])
            values = [(row,) for row in rows]
        elif not all(isinstance(row, Mapping) for row in rows):
            kinds = ", ".join(sorted({type(row).__name__ for row in rows}))
            raise DataError(f"{what}: is a list of {kinds}: give a DataFrame, or a list of dictionaries or of texts")
        else:
            # Spark would sort the columns, which would give equal rows another checksum than those of pandas.
            columns = list(dict.fromkeys(str(name) for row in values for name in row))
    try:
        made = spark.createDataFrame(values, schema)
        return made.select(*("`" + name.replace("`", "``") + "`" for name in columns)) if columns else made
    except (PySparkException, TypeError, ValueError) as error:
        raise DataError(f"{what}: {' '.join(str(error).split())}") from None
