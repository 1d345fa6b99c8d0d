"""What the estimators and transformers of the package have in common."""

from __future__ import annotations

import sys
from typing import Any, TypeVar

from pyspark import SparkContext
from pyspark.ml.util import JavaMLReadable, JavaMLReader, JavaMLWritable
from pyspark.ml.wrapper import JavaEstimator, JavaModel, JavaTransformer
from pyspark.sql import DataFrame

from spark_finetune.errors import ConfigError, java_errors
from spark_finetune.session import PACKAGE, java_class

M = TypeVar("M", bound="TrainedModel")
JAVA_PACKAGE = f"{PACKAGE}.spark.ml"


def find(name: str) -> Any:
    """A class of the JVM, by its name in the package of Spark ML.

    :raises ConfigError: if there is no session, or it has no jar
    """
    context = SparkContext._active_spark_context
    if context is None:
        raise ConfigError("there is no Spark session: start one with spark_finetune.session(jar)")
    return java_class(context, f"spark.ml.{name}")


def found_by_pyspark(module: str) -> None:
    """Tells pyspark which module has the classes of the Java package: it imports that of a saved stage's Java name."""
    sys.modules.setdefault(JAVA_PACKAGE, sys.modules[module])


class Reader(JavaMLReader[Any]):
    """Loads what ``write`` saved."""

    @classmethod
    def _java_loader_class(cls, clazz: Any) -> str:
        find(clazz.__name__)
        return f"{JAVA_PACKAGE}.{clazz.__name__}"

    def load(self, path: str) -> Any:
        """Loads a stage from a folder."""
        with java_errors():
            return super().load(path)


class Stage(JavaMLReadable[Any], JavaMLWritable):
    """A stage that is saved and loaded as the Java class does it."""

    @classmethod
    def read(cls) -> Reader:
        """Reads what ``write`` saved."""
        return Reader(cls)


class Trainer(Stage, JavaEstimator[M]):
    """An estimator: each fit has a run's folder of its own in ``outputDir``."""

    _model: type[M]

    def _create_model(self, java_model: Any) -> M:
        model = self._model(java_model)
        # What a fit sets of its model isn't all a parameter of the trainer.
        model._transfer_params_from_java()
        return model

    def _fit(self, dataset: DataFrame) -> M:
        with java_errors():
            return super()._fit(dataset)


class Transforming(Stage, JavaTransformer):
    """A transformer, whose errors are lines."""

    def _transform(self, dataset: DataFrame) -> DataFrame:
        with java_errors():
            return super()._transform(dataset)


class TrainedModel(Transforming, JavaModel):
    """A fine-tuned model; executors load it when the first row is asked for, once a JVM."""

    @classmethod
    def ofRun(cls: type[M], outputDir: str) -> M:
        """The model of a run's folder, such as ``finetune run`` leaves.

        :raises DataError: if there is none
        """
        with java_errors():
            model = cls(find(cls.__name__).ofRun(outputDir))
        model._transfer_params_from_java()
        return model

    def runDir(self) -> str:
        """The folder of the run that trained it; ``model`` in it is what ``transformers`` or ``peft`` loads."""
        return str(self._call_java("runDir"))
