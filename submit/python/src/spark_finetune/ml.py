"""Estimators and transformers of Spark ML, in the manner of ``pyspark.ml``; their parameters are the Java classes'."""

from __future__ import annotations

from spark_finetune import _params
from spark_finetune._stages import TrainedModel, Trainer, Transforming, found_by_pyspark

__all__ = [
    "LanguageModel",
    "LanguageModelTrainer",
    "QuestionAnswererModel",
    "QuestionAnswererTrainer",
    "TextClassifierModel",
    "TextClassifierTrainer",
    "TextEmbedder",
    "TextTokenizer",
    "TokenClassifierModel",
    "TokenClassifierTrainer",
]


class TextClassifierModel(_params.TextClassifierModelParams, TrainedModel):
    """Classifies texts.

    Columns are those of Spark ML's classifiers, and, where ``outputCol`` is set, a structure of ``class_names``,
    ``probabilities`` and ``top_k``. An empty name leaves a column out. Of a text that cannot be used they are null.
    """

    def labels(self) -> list[str]:
        """Names of the labels by their ids."""
        return list(self._call_java("labels"))


class TextClassifierTrainer(_params.TextClassifierTrainerParams, Trainer[TextClassifierModel]):
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


class TokenClassifierModel(_params.TokenClassifierModelParams, TrainedModel):
    """Tags words, of an array of them or of a text.

    ``predictionCol`` has a tag of each word; ``outputCol``, where it is set, what was found: structures of ``start``,
    ``end``, ``word``, ``label`` and ``score``.
    """

    def labels(self) -> list[str]:
        """Names of the labels by their ids."""
        return list(self._call_java("labels"))


class TokenClassifierTrainer(_params.TokenClassifierTrainerParams, Trainer[TokenClassifierModel]):
    """Fine-tunes a model to tag words.

    A row is an array of words with an array of as many tags (``B-PER``, or parts of speech), or a text with spans of
    entities, counted in code points.
    """

    _model = TokenClassifierModel


class QuestionAnswererModel(_params.QuestionAnswererModelParams, TrainedModel):
    """Answers questions by a part of a text.

    ``predictionCol`` has the answer, null where none is given; ``answerCol``, where it is set, a structure of
    ``answer``, ``start``, ``end``, ``score`` and ``no_answer_score``.
    """

    def setInputCols(self, value: list[str]) -> QuestionAnswererModel:
        """Both columns at once: the question's, then the context's."""
        question, context = value
        return self.setQuestionCol(question).setContextCol(context)


class QuestionAnswererTrainer(_params.QuestionAnswererTrainerParams, Trainer[QuestionAnswererModel]):
    """Fine-tunes a model to find the answers of questions in texts.

    Labels are ``struct<text:array<string>,answer_start:array<int>>``, the start in code points, as the ``datasets``
    library has SQuAD.
    """

    _model = QuestionAnswererModel


class LanguageModel(_params.LanguageModelParams, TrainedModel):
    """Goes on from texts, answers prompts, or fills in mask tokens, as it was trained.

    What a parameter of the generation isn't set to is as the run has it.
    """


class LanguageModelTrainer(_params.LanguageModelTrainerParams, Trainer[LanguageModel]):
    """Fine-tunes a language model.

    What is read follows from ``task``: of ``causal-lm`` and ``masked-lm`` a text in ``inputCol``; of ``sft`` a
    conversation in ``inputCol``, or, where ``labelCol`` is set, a prompt in ``inputCol`` and its answer in
    ``labelCol``.
    """

    _model = LanguageModel


class TextEmbedder(_params.TextEmbedderParams, Transforming):
    """Embeds texts by an encoder: the mean of the last layer's hidden states over a text's tokens.

    ``outputCol`` has a vector of Spark ML, or, with ``outputType`` ``array``, an ``array<float>``.
    """


class TextTokenizer(_params.TextTokenizerParams, Transforming):
    """Tokenizes texts by the tokenizer of a model.

    ``outputCol`` has the ids of ``tokenizer(text, truncation=True, max_length=maxLength).input_ids``.
    """


found_by_pyspark(__name__)
