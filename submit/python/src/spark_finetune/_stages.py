"""Common parts of the package's estimators and transformers."""

from __future__ import annotations

import json
import sys
from typing import Any, TypeVar

try:
    from pyspark import SparkContext
except ImportError as error:
    raise ImportError(
        "spark_finetune.ml needs pyspark with its JVM, which pyspark-client does not have: use spark_finetune.Run"
    ) from error
from pyspark.ml.util import JavaMLReadable, JavaMLReader, JavaMLWritable
from pyspark.ml.wrapper import JavaEstimator, JavaModel, JavaTransformer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.utils import is_remote

from spark_finetune._jvm import Followed
from spark_finetune.data import History, Metrics, Report
from spark_finetune.errors import ConfigError, java_errors
from spark_finetune.progress import watch
from spark_finetune.run import Run
from spark_finetune.session import PACKAGE, java_class

J = TypeVar("J", bound=JavaModel)
M = TypeVar("M", bound="TrainedModel")
JAVA_PACKAGE = f"{PACKAGE}.spark.ml"


def find(name: str) -> Any:
    """Returns a class of the JVM, by its name in the package of Spark ML.

    :raises ConfigError: if there is no session, the session is one of Spark Connect, or it has no jar
    """
    context = SparkContext._active_spark_context
    if context is None:
        if is_remote():
            raise ConfigError("spark_finetune.ml does not work over Spark Connect: use spark_finetune.Run")
        raise ConfigError("there is no Spark session: start one with spark_finetune.session(jar)")
    return java_class(context, f"spark.ml.{name}")


def found_by_pyspark(module: str) -> None:
    """Registers the module of the Java package's classes, because pyspark derives it from a saved stage's Java name."""
    sys.modules.setdefault(JAVA_PACKAGE, sys.modules[module])


def of_java(cls: type[J], java: Any) -> J:
    """Returns the model of a Java object, with the parameters of the object."""
    model = cls(java)
    model._transfer_params_from_java()
    return model


class Reader(JavaMLReader[Any]):
    """Loads a stage that ``write`` saved."""

    @classmethod
    def _java_loader_class(cls, clazz: Any) -> str:
        find(clazz.__name__)
        return f"{JAVA_PACKAGE}.{clazz.__name__}"

    def load(self, path: str) -> Any:
        """Loads a stage from a folder."""
        with java_errors():
            return super().load(path)


class Stage(JavaMLReadable[Any], JavaMLWritable):
    """A stage that the Java class saves and loads."""

    @classmethod
    def read(cls) -> Reader:
        """Returns the reader of stages that ``write`` saved."""
        return Reader(cls)


class Fitting(JavaEstimator[J]):
    """An estimator whose fit shows its progress; interrupting the kernel cancels the fit."""

    def _fit_java(self, dataset: DataFrame) -> Any:
        self._transfer_params_to_java()
        trainer: Any = self._java_obj
        fit = _Fit(trainer.follow(dataset._jdf))
        watch("fit", fit)
        return fit.model


class _Fit(Followed):
    """A ``FollowedFit``."""

    #: Java object of the model, after the end of the fit.
    model: Any

    def run(self) -> None:
        """Fits until the end."""
        with java_errors():
            self.model = self._java.run()


class Trainer(Stage, Fitting[M]):
    """An estimator; each fit has its own run folder in ``outputDir``."""

    _model: type[M]

    def _create_model(self, java_model: Any) -> M:
        # Some values that a fit sets in its model are no parameters of the trainer.
        return of_java(self._model, java_model)

    def _fit(self, dataset: DataFrame) -> M:
        with java_errors():
            return super()._fit(dataset)


class Transforming(Stage, JavaTransformer):
    """A transformer whose errors are one line."""

    def _transform(self, dataset: DataFrame) -> DataFrame:
        with java_errors():
            return super()._transform(dataset)


class TrainedModel(Transforming, JavaModel):
    """A fine-tuned model. Executors load it for the first row, once in each JVM."""

    @classmethod
    def ofRun(cls: type[M], outputDir: str) -> M:
        """Returns the model of a run's folder, for example a folder of ``finetune run``.

        :raises DataError: if there is none
        """
        with java_errors():
            return of_java(cls, find(cls.__name__).ofRun(outputDir))

    def runDir(self) -> str:
        """Folder of the run that trained the model; ``transformers`` or ``peft`` loads its subfolder ``model``."""
        return str(self._call_java("runDir"))

    @property
    def run(self) -> Run:
        """Run that trained the model, with all that a folder of ``finetune run`` has.

        :raises DataError: if the model was saved apart from its run
        """
        return Run.open(SparkSession.active(), self.runDir())

    def evaluate(self, dataset: DataFrame) -> Metrics:
        """Measures the model on labelled rows by the metrics of its task, with equal rows counted each.

        The label's column has the name it had in training.
        """
        with java_errors():
            return Metrics(json.loads(self._call_java("evaluated", dataset)))

    @property
    def history(self) -> History:
        """Records of the training, one per logged step."""
        return self.run.history

    @property
    def metrics(self) -> Metrics:
        """Measurements of the training and, with ``validationIndicatorCol``, of the model on held-out rows."""
        return self.run.metrics

    def report(self) -> Report:
        """Returns ``report.html`` of the run."""
        return self.run.report

    def _repr_html_(self) -> str:
        return self.run._repr_html_()
