"""Estimators, transformers and evaluators of Spark ML in the style of ``pyspark.ml``.

Parameters are those of the Java classes.
"""

from __future__ import annotations

from typing import Any

from pyspark.ml.evaluation import JavaEvaluator
from pyspark.ml.wrapper import JavaModel
from pyspark.sql import DataFrame

from spark_finetune import _params
from spark_finetune._stages import Fitting, Stage, TrainedModel, Trainer, Transforming, find, found_by_pyspark, of_java
from spark_finetune.errors import java_errors

__all__ = [
    "GroupedModel",
    "GroupedTrainer",
    "LanguageModel",
    "LanguageModelTrainer",
    "QuestionAnswererModel",
    "QuestionAnswererTrainer",
    "TextClassifierModel",
    "TextClassifierTrainer",
    "TextEmbedder",
    "TextEmbedderModel",
    "TextEmbedderTrainer",
    "TextEvaluator",
    "TextRedactor",
    "TextTokenizer",
    "TokenClassifierModel",
    "TokenClassifierTrainer",
    "TrainedModel",
    "trained_model",
]


class TextClassifierModel(_params.TextClassifierModelParams, TrainedModel):
    """Classifies texts.

    The columns are those of Spark ML's classifiers. If ``outputCol`` is set, it has structures of ``class_names``,
    ``probabilities`` and ``top_k``. An empty name omits a column. For a text that cannot be used the columns are null.
    """

    def labels(self) -> list[str]:
        """Returns the names of the labels, in the order of the probabilities."""
        return list(self._call_java("labels"))

    @property
    def numClasses(self) -> int:
        """Number of labels."""
        return int(self._call_java("numClasses"))


class TextClassifierTrainer(_params.TextClassifierTrainerParams, Trainer[TextClassifierModel]):
    """Fine-tunes a model to classify texts.

    Labels are texts, or the numbers 0, 1, … that ``StringIndexer`` makes and whose names the model keeps; predictions
    have the same kind. The key ``classification.problem_type`` of ``settings`` selects several labels per text (a
    column of lists) or a number.

    >>> trainer = TextClassifierTrainer(
    ...     model="models/minilm", outputDir="runs/fits", method="lora", settings=["method.r=8"]
    ... )
    >>> trainer.fit(mails).transform(others)
    """

    _model = TextClassifierModel


class TokenClassifierModel(_params.TokenClassifierModelParams, TrainedModel):
    """Tags words of an array or a text.

    ``predictionCol`` has a tag for each word. If ``outputCol`` is set, it has the found entities: structures of
    ``start``, ``end``, ``word``, ``label`` and ``score``.
    """

    def labels(self) -> list[str]:
        """Returns the names of the labels by id."""
        return list(self._call_java("labels"))


class TokenClassifierTrainer(_params.TokenClassifierTrainerParams, Trainer[TokenClassifierModel]):
    """Fine-tunes a model to tag words.

    A row is an array of words with an array of as many tags (``B-PER``, or parts of speech), or a text with spans of
    entities, counted in code points.
    """

    _model = TokenClassifierModel


class QuestionAnswererModel(_params.QuestionAnswererModelParams, TrainedModel):
    """Answers questions with spans of a text.

    ``predictionCol`` has the answer, null if there is none. If ``answerCol`` is set, it has a structure of
    ``answer``, ``start``, ``end``, ``score`` and ``no_answer_score``.
    """

    def setInputCols(self, value: list[str]) -> QuestionAnswererModel:
        """Sets both input columns: the question's, then the context's."""
        question, context = value
        return self.setQuestionCol(question).setContextCol(context)


class QuestionAnswererTrainer(_params.QuestionAnswererTrainerParams, Trainer[QuestionAnswererModel]):
    """Fine-tunes a model to find the answers to questions in texts.

    Labels are ``struct<text:array<string>,answer_start:array<int>>`` with the start in code points, as SQuAD in the
    ``datasets`` library.
    """

    _model = QuestionAnswererModel


class LanguageModel(_params.LanguageModelParams, TrainedModel):
    """Continues texts, answers prompts or fills in mask tokens, depending on the training.

    Generation parameters that are not set have the values of the run.
    """


class LanguageModelTrainer(_params.LanguageModelTrainerParams, Trainer[LanguageModel]):
    """Fine-tunes a language model.

    The input depends on ``task``: for ``causal-lm`` and ``masked-lm`` a text in ``inputCol``; for ``sft`` a
    conversation in ``inputCol``, or, if ``labelCol`` is set, a prompt in ``inputCol`` and its answer in ``labelCol``.
    """

    _model = LanguageModel


class GroupedModel(_params.GroupedModelParams, Transforming, JavaModel):
    """Predicts each row by the model of its group.

    The added columns are those of ``model()``, whose parameters apply to all groups. They are null for a row whose
    group has no model.
    """

    @classmethod
    def ofRun(cls, outputDir: str) -> GroupedModel:
        """Returns the models of a folder of ``finetune run --per``.

        :raises DataError: if there are none
        """
        with java_errors():
            return of_java(cls, find(cls.__name__).ofRun(outputDir))

    def groups(self) -> list[str]:
        """Returns the groups that have a model."""
        return list(self._call_java("groups"))

    def model(self, group: str | None = None) -> TrainedModel:
        """Returns the model of a group, or the stage whose parameters name the columns of all groups.

        :raises DataError: if the group has no model
        """
        with java_errors():
            return _of_java(self._call_java("model", *([] if group is None else [group])))


class GroupedTrainer(_params.GroupedTrainerParams, Fitting[GroupedModel]):
    """Fine-tunes a model for each value of ``groupCol`` with the parameters of one trainer, ``parallelism`` at a time.

    >>> grouped = GroupedTrainer(groupCol="hospital", parallelism=4).setTrainer(trainer)
    >>> grouped.fit(mails).transform(others)
    """

    _trainer: Trainer[Any] | None = None

    def setTrainer(self, value: Trainer[Any]) -> GroupedTrainer:
        """Sets the trainer of all groups."""
        self._trainer = value
        return self

    def _create_model(self, java_model: Any) -> GroupedModel:
        return of_java(GroupedModel, java_model)

    def _fit(self, dataset: DataFrame) -> GroupedModel:
        with java_errors():
            if self._trainer is not None:
                self._trainer._transfer_params_to_java()
                self._call_java("setTrainer", self._trainer._java_obj)
            return super()._fit(dataset)


class TextEmbedder(_params.TextEmbedderParams, Transforming):
    """Embeds texts with an untrained model: the mean of the last layer's hidden states over the tokens of a text.

    ``outputCol`` has a vector of Spark ML, or, with ``outputType`` ``array``, an ``array<float>``.
    """


class TextEmbedderModel(_params.TextEmbedderModelParams, TrainedModel):
    """Embeds texts with a model that :class:`TextEmbedderTrainer` or ``finetune run`` has trained.

    ``predictionCol`` has a vector of Spark ML; ``outputCol``, if it is set, the same as ``array<float>``. ``side``
    (``query`` or ``document``) chooses the prompt of the texts.
    """


class TextEmbedderTrainer(_params.TextEmbedderTrainerParams, Trainer[TextEmbedderModel]):
    """Fine-tunes a model to embed texts near to the texts that belong to them.

    A row is a pair of texts, in ``inputCol`` and ``pairCol``. With ``embedding.loss=cosent`` in ``settings``,
    ``labelCol`` has a score from 0 to 1 for each pair.

    >>> trainer = TextEmbedderTrainer(
    ...     model="models/minilm", outputDir="runs/fits", inputCol="question", pairCol="answer", method="full"
    ... )
    >>> trainer.fit(pairs).setSide("query").transform(questions)
    """

    _model = TextEmbedderModel


class TextEvaluator(_params.TextEvaluatorParams, Stage, JavaEvaluator):
    """Measures predictions that are no numbers, by the metrics of ``task``, for ``CrossValidator``.

    Labels and predictions are texts, numbers or lists of texts (``classification``), lists of tags
    (``token-classification``), SQuAD's answers and texts (``question-answering``), texts (``sft``), relevance and
    score of a document with the query in ``queryCol`` (``reranking``), or the vectors of a document and of a query to
    which it belongs (``embedding``).

    >>> TextEvaluator(labelCol="kind", metricName="f1_macro").evaluate(model.transform(mails))
    """

    def _evaluate(self, dataset: DataFrame) -> float:
        with java_errors():
            return super()._evaluate(dataset)


class TextRedactor(_params.TextRedactorParams, Transforming):
    """Replaces personal data in texts, by the rules, the model and the operators of ``data.redact``.

    ``outputCol`` has the redacted text. ``operators`` are texts such as ``DATE_TIME=date_shift``, and
    ``labels`` such as ``PER=PERSON``.

    >>> TextRedactor(inputCol="body", outputCol="clean", entities=["EMAIL_ADDRESS", "URL"]).transform(mails)
    """


class TextTokenizer(_params.TextTokenizerParams, Transforming):
    """Tokenizes texts with the tokenizer of a model.

    ``outputCol`` has the ids of ``tokenizer(text, truncation=True, max_length=maxLength).input_ids``.
    """


def trained_model(output_dir: str) -> TrainedModel:
    """Returns the model of a run's folder, in the class of the run's task.

    :raises DataError: if there is none
    """
    with java_errors():
        return _of_java(find("TrainedModel").ofRun(output_dir))


def _of_java(java: Any) -> TrainedModel:
    kind: type[TrainedModel] = globals()[java.getClass().getSimpleName()]
    return of_java(kind, java)


found_by_pyspark(__name__)
