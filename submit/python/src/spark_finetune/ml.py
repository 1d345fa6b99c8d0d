"""Estimators and transformers of Spark ML, in the manner of ``pyspark.ml``; their parameters are the Java classes'."""

from __future__ import annotations

from spark_finetune._params import TextClassifierModelParams, TextClassifierTrainerParams
from spark_finetune._stages import TrainedModel, Trainer, found_by_pyspark


class TextClassifierModel(TextClassifierModelParams, TrainedModel):
    """Classifies texts.

    Columns are those of Spark ML's classifiers, and, where ``outputCol`` is set, a structure of ``class_names``,
    ``probabilities`` and ``top_k``. An empty name leaves a column out. Of a text that cannot be used they are null.
    """

    def labels(self) -> list[str]:
        """Names of the labels by their ids."""
        return list(self._call_java("labels"))


class TextClassifierTrainer(TextClassifierTrainerParams, Trainer[TextClassifierModel]):
    """Fine-tunes a model to classify texts.

    Labels are texts, or the numbers 0, 1, … as ``StringIndexer`` makes them; predictions are of the same kind.
    ``classification.problem_type`` among the ``settings`` makes it several labels a text (a column of lists) or a
    number.

    >>> trainer = TextClassifierTrainer(
    ...     model="models/minilm", outputDir="runs/fits", method="lora", settings=["method.r=8"]
    ... )
    >>> trainer.fit(mails).transform(others)
    """

    _model = TextClassifierModel


found_by_pyspark(__name__)
