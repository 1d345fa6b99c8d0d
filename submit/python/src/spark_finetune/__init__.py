"""spark-finetune in a notebook.

:class:`Run` prepares, trains, measures and predicts in the notebook's own Spark session, as the command ``finetune``
does; the session may be one of Spark Connect. :mod:`spark_finetune.ml` has the estimators and transformers of Spark ML.
All work is done by the JVM.
"""

from spark_finetune.data import Comparison, Dataset, FunnelLine, Metrics, Plan, Report
from spark_finetune.errors import ConfigError, DataError, FailedError, FinetuneError
from spark_finetune.groups import Groups
from spark_finetune.run import Run, compare, explain_filters
from spark_finetune.search import Search
from spark_finetune.session import session

__all__ = [
    "Comparison",
    "ConfigError",
    "DataError",
    "Dataset",
    "FailedError",
    "FinetuneError",
    "FunnelLine",
    "Groups",
    "Metrics",
    "Plan",
    "Report",
    "Run",
    "Search",
    "compare",
    "explain_filters",
    "session",
]
