"""Parameters of the estimators and transformers, as the Java classes have them.

Written by ``./mvnw -pl submit -am test -Dtest=PythonPackageTest -Dpython.write=true``; not to be changed by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.wrapper import JavaParams

from spark_finetune._stages import find

if TYPE_CHECKING:
    from typing_extensions import Self


class GroupedModelParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.GroupedModel`."""

    groupCol: Param[str] = Param(
        Params._dummy(),
        "groupCol",
        "column of the groups",
        TypeConverters.toString,
    )

    def __init__(self, java_model: Any | None = None) -> None:
        super().__init__(java_model)

    def setGroupCol(self, value: str) -> Self:
        """Sets :py:attr:`groupCol`."""
        return self._set(groupCol=value)

    def getGroupCol(self) -> str:
        """The value of :py:attr:`groupCol`, or its default."""
        return self.getOrDefault(self.groupCol)


class GroupedTrainerParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.GroupedTrainer`."""

    groupCol: Param[str] = Param(
        Params._dummy(),
        "groupCol",
        "column of the groups",
        TypeConverters.toString,
    )
    parallelism: Param[int] = Param(
        Params._dummy(),
        "parallelism",
        "groups at a time",
        TypeConverters.toInt,
    )

    def __init__(
        self,
        *,
        groupCol: str | None = None,
        parallelism: int | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("GroupedTrainer")(self.uid)
        self._setDefault(
            groupCol="group",
            parallelism=1,
        )
        given = {
            "groupCol": groupCol,
            "parallelism": parallelism,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setGroupCol(self, value: str) -> Self:
        """Sets :py:attr:`groupCol`."""
        return self._set(groupCol=value)

    def getGroupCol(self) -> str:
        """The value of :py:attr:`groupCol`, or its default."""
        return self.getOrDefault(self.groupCol)

    def setParallelism(self, value: int) -> Self:
        """Sets :py:attr:`parallelism`."""
        return self._set(parallelism=value)

    def getParallelism(self) -> int:
        """The value of :py:attr:`parallelism`, or its default."""
        return self.getOrDefault(self.parallelism)


class LanguageModelParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.LanguageModel`."""

    batchSize: Param[int] = Param(
        Params._dummy(),
        "batchSize",
        "rows in a batch",
        TypeConverters.toInt,
    )
    chat: Param[bool] = Param(
        Params._dummy(),
        "chat",
        "task sft: whether a string is a user's message for the chat template",
        TypeConverters.toBoolean,
    )
    doSample: Param[bool] = Param(
        Params._dummy(),
        "doSample",
        "whether tokens are sampled; else the likeliest token is taken",
        TypeConverters.toBoolean,
    )
    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text, the conversation or the prompt",
        TypeConverters.toString,
    )
    maxNewTokens: Param[int] = Param(
        Params._dummy(),
        "maxNewTokens",
        "most tokens of an answer",
        TypeConverters.toInt,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of the generated text again, or of the likeliest tokens at each mask token; empty: none",
        TypeConverters.toString,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction; empty: none",
        TypeConverters.toString,
    )
    repetitionPenalty: Param[float] = Param(
        Params._dummy(),
        "repetitionPenalty",
        "penalty on tokens that occurred before; 1: none",
        TypeConverters.toFloat,
    )
    temperature: Param[float] = Param(
        Params._dummy(),
        "temperature",
        "divisor of the logits before a token is sampled",
        TypeConverters.toFloat,
    )
    topK: Param[int] = Param(
        Params._dummy(),
        "topK",
        "number of likeliest tokens to sample from, 0: all; for a masked language model the tokens in "
        "outputCol per mask token, at most 5",
        TypeConverters.toInt,
    )
    topP: Param[float] = Param(
        Params._dummy(),
        "topP",
        "sum of the probabilities of the likeliest tokens to sample from",
        TypeConverters.toFloat,
    )

    def __init__(self, java_model: Any | None = None) -> None:
        super().__init__(java_model)
        self._setDefault(
            chat=True,
            inputCol="text",
            outputCol="",
            predictionCol="prediction",
        )

    def setBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`batchSize`."""
        return self._set(batchSize=value)

    def getBatchSize(self) -> int:
        """The value of :py:attr:`batchSize`, or its default."""
        return self.getOrDefault(self.batchSize)

    def setChat(self, value: bool) -> Self:
        """Sets :py:attr:`chat`."""
        return self._set(chat=value)

    def getChat(self) -> bool:
        """The value of :py:attr:`chat`, or its default."""
        return self.getOrDefault(self.chat)

    def setDoSample(self, value: bool) -> Self:
        """Sets :py:attr:`doSample`."""
        return self._set(doSample=value)

    def getDoSample(self) -> bool:
        """The value of :py:attr:`doSample`, or its default."""
        return self.getOrDefault(self.doSample)

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setMaxNewTokens(self, value: int) -> Self:
        """Sets :py:attr:`maxNewTokens`."""
        return self._set(maxNewTokens=value)

    def getMaxNewTokens(self) -> int:
        """The value of :py:attr:`maxNewTokens`, or its default."""
        return self.getOrDefault(self.maxNewTokens)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setRepetitionPenalty(self, value: float) -> Self:
        """Sets :py:attr:`repetitionPenalty`."""
        return self._set(repetitionPenalty=value)

    def getRepetitionPenalty(self) -> float:
        """The value of :py:attr:`repetitionPenalty`, or its default."""
        return self.getOrDefault(self.repetitionPenalty)

    def setTemperature(self, value: float) -> Self:
        """Sets :py:attr:`temperature`."""
        return self._set(temperature=value)

    def getTemperature(self) -> float:
        """The value of :py:attr:`temperature`, or its default."""
        return self.getOrDefault(self.temperature)

    def setTopK(self, value: int) -> Self:
        """Sets :py:attr:`topK`."""
        return self._set(topK=value)

    def getTopK(self) -> int:
        """The value of :py:attr:`topK`, or its default."""
        return self.getOrDefault(self.topK)

    def setTopP(self, value: float) -> Self:
        """Sets :py:attr:`topP`."""
        return self._set(topP=value)

    def getTopP(self) -> float:
        """The value of :py:attr:`topP`, or its default."""
        return self.getOrDefault(self.topP)


class LanguageModelTrainerParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.LanguageModelTrainer`."""

    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text, the conversation or the prompt",
        TypeConverters.toString,
    )
    labelCol: Param[str] = Param(
        Params._dummy(),
        "labelCol",
        "column of the labels",
        TypeConverters.toString,
    )
    learningRate: Param[float] = Param(
        Params._dummy(),
        "learningRate",
        "peak learning rate",
        TypeConverters.toFloat,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "most tokens of a sample",
        TypeConverters.toInt,
    )
    method: Param[str] = Param(
        Params._dummy(),
        "method",
        "full, freeze, lora or qlora",
        TypeConverters.toString,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a model in Hugging Face layout, or hub:ORG/NAME",
        TypeConverters.toString,
    )
    numTrainEpochs: Param[int] = Param(
        Params._dummy(),
        "numTrainEpochs",
        "passes over the rows",
        TypeConverters.toInt,
    )
    outputDir: Param[str] = Param(
        Params._dummy(),
        "outputDir",
        "folder in which each fit creates its own folder of a run",
        TypeConverters.toString,
    )
    perDeviceTrainBatchSize: Param[int] = Param(
        Params._dummy(),
        "perDeviceTrainBatchSize",
        "samples of a rank in a micro-batch",
        TypeConverters.toInt,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction",
        TypeConverters.toString,
    )
    ranks: Param[int] = Param(
        Params._dummy(),
        "ranks",
        "barrier tasks that train together",
        TypeConverters.toInt,
    )
    seed: Param[int] = Param(
        Params._dummy(),
        "seed",
        "seed of all random numbers",
        TypeConverters.toInt,
    )
    settings: Param[list[str]] = Param(
        Params._dummy(),
        "settings",
        "further settings of the run: section.key=value, as for --set",
        TypeConverters.toListString,
    )
    task: Param[str] = Param(
        Params._dummy(),
        "task",
        "causal-lm, sft or masked-lm",
        TypeConverters.toString,
    )

    def __init__(
        self,
        *,
        inputCol: str | None = None,
        labelCol: str | None = None,
        learningRate: float | None = None,
        maxLength: int | None = None,
        method: str | None = None,
        model: str | None = None,
        numTrainEpochs: int | None = None,
        outputDir: str | None = None,
        perDeviceTrainBatchSize: int | None = None,
        predictionCol: str | None = None,
        ranks: int | None = None,
        seed: int | None = None,
        settings: list[str] | None = None,
        task: str | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("LanguageModelTrainer")(self.uid)
        self._setDefault(
            inputCol="text",
            predictionCol="prediction",
            settings=[],
            task="causal-lm",
        )
        given = {
            "inputCol": inputCol,
            "labelCol": labelCol,
            "learningRate": learningRate,
            "maxLength": maxLength,
            "method": method,
            "model": model,
            "numTrainEpochs": numTrainEpochs,
            "outputDir": outputDir,
            "perDeviceTrainBatchSize": perDeviceTrainBatchSize,
            "predictionCol": predictionCol,
            "ranks": ranks,
            "seed": seed,
            "settings": settings,
            "task": task,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setLabelCol(self, value: str) -> Self:
        """Sets :py:attr:`labelCol`."""
        return self._set(labelCol=value)

    def getLabelCol(self) -> str:
        """The value of :py:attr:`labelCol`, or its default."""
        return self.getOrDefault(self.labelCol)

    def setLearningRate(self, value: float) -> Self:
        """Sets :py:attr:`learningRate`."""
        return self._set(learningRate=value)

    def getLearningRate(self) -> float:
        """The value of :py:attr:`learningRate`, or its default."""
        return self.getOrDefault(self.learningRate)

    def setMaxLength(self, value: int) -> Self:
        """Sets :py:attr:`maxLength`."""
        return self._set(maxLength=value)

    def getMaxLength(self) -> int:
        """The value of :py:attr:`maxLength`, or its default."""
        return self.getOrDefault(self.maxLength)

    def setMethod(self, value: str) -> Self:
        """Sets :py:attr:`method`."""
        return self._set(method=value)

    def getMethod(self) -> str:
        """The value of :py:attr:`method`, or its default."""
        return self.getOrDefault(self.method)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setNumTrainEpochs(self, value: int) -> Self:
        """Sets :py:attr:`numTrainEpochs`."""
        return self._set(numTrainEpochs=value)

    def getNumTrainEpochs(self) -> int:
        """The value of :py:attr:`numTrainEpochs`, or its default."""
        return self.getOrDefault(self.numTrainEpochs)

    def setOutputDir(self, value: str) -> Self:
        """Sets :py:attr:`outputDir`."""
        return self._set(outputDir=value)

    def getOutputDir(self) -> str:
        """The value of :py:attr:`outputDir`, or its default."""
        return self.getOrDefault(self.outputDir)

    def setPerDeviceTrainBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`perDeviceTrainBatchSize`."""
        return self._set(perDeviceTrainBatchSize=value)

    def getPerDeviceTrainBatchSize(self) -> int:
        """The value of :py:attr:`perDeviceTrainBatchSize`, or its default."""
        return self.getOrDefault(self.perDeviceTrainBatchSize)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setRanks(self, value: int) -> Self:
        """Sets :py:attr:`ranks`."""
        return self._set(ranks=value)

    def getRanks(self) -> int:
        """The value of :py:attr:`ranks`, or its default."""
        return self.getOrDefault(self.ranks)

    def setSeed(self, value: int) -> Self:
        """Sets :py:attr:`seed`."""
        return self._set(seed=value)

    def getSeed(self) -> int:
        """The value of :py:attr:`seed`, or its default."""
        return self.getOrDefault(self.seed)

    def setSettings(self, value: list[str]) -> Self:
        """Sets :py:attr:`settings`."""
        return self._set(settings=value)

    def getSettings(self) -> list[str]:
        """The value of :py:attr:`settings`, or its default."""
        return self.getOrDefault(self.settings)

    def setTask(self, value: str) -> Self:
        """Sets :py:attr:`task`."""
        return self._set(task=value)

    def getTask(self) -> str:
        """The value of :py:attr:`task`, or its default."""
        return self.getOrDefault(self.task)


class QuestionAnswererModelParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.QuestionAnswererModel`."""

    answerCol: Param[str] = Param(
        Params._dummy(),
        "answerCol",
        "column of structures of answer, start, end and scores; empty: none",
        TypeConverters.toString,
    )
    batchSize: Param[int] = Param(
        Params._dummy(),
        "batchSize",
        "rows in a batch",
        TypeConverters.toInt,
    )
    contextCol: Param[str] = Param(
        Params._dummy(),
        "contextCol",
        "column of the text that contains the answer",
        TypeConverters.toString,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of the answer again; empty: none",
        TypeConverters.toString,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction; empty: none",
        TypeConverters.toString,
    )
    questionCol: Param[str] = Param(
        Params._dummy(),
        "questionCol",
        "column of the question",
        TypeConverters.toString,
    )

    def __init__(self, java_model: Any | None = None) -> None:
        super().__init__(java_model)
        self._setDefault(
            answerCol="",
            contextCol="context",
            outputCol="",
            predictionCol="prediction",
            questionCol="question",
        )

    def setAnswerCol(self, value: str) -> Self:
        """Sets :py:attr:`answerCol`."""
        return self._set(answerCol=value)

    def getAnswerCol(self) -> str:
        """The value of :py:attr:`answerCol`, or its default."""
        return self.getOrDefault(self.answerCol)

    def setBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`batchSize`."""
        return self._set(batchSize=value)

    def getBatchSize(self) -> int:
        """The value of :py:attr:`batchSize`, or its default."""
        return self.getOrDefault(self.batchSize)

    def setContextCol(self, value: str) -> Self:
        """Sets :py:attr:`contextCol`."""
        return self._set(contextCol=value)

    def getContextCol(self) -> str:
        """The value of :py:attr:`contextCol`, or its default."""
        return self.getOrDefault(self.contextCol)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setQuestionCol(self, value: str) -> Self:
        """Sets :py:attr:`questionCol`."""
        return self._set(questionCol=value)

    def getQuestionCol(self) -> str:
        """The value of :py:attr:`questionCol`, or its default."""
        return self.getOrDefault(self.questionCol)


class QuestionAnswererTrainerParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.QuestionAnswererTrainer`."""

    contextCol: Param[str] = Param(
        Params._dummy(),
        "contextCol",
        "column of the text that contains the answer",
        TypeConverters.toString,
    )
    labelCol: Param[str] = Param(
        Params._dummy(),
        "labelCol",
        "column of the labels",
        TypeConverters.toString,
    )
    learningRate: Param[float] = Param(
        Params._dummy(),
        "learningRate",
        "peak learning rate",
        TypeConverters.toFloat,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "most tokens of a sample",
        TypeConverters.toInt,
    )
    method: Param[str] = Param(
        Params._dummy(),
        "method",
        "full, freeze, lora or qlora",
        TypeConverters.toString,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a model in Hugging Face layout, or hub:ORG/NAME",
        TypeConverters.toString,
    )
    numTrainEpochs: Param[int] = Param(
        Params._dummy(),
        "numTrainEpochs",
        "passes over the rows",
        TypeConverters.toInt,
    )
    outputDir: Param[str] = Param(
        Params._dummy(),
        "outputDir",
        "folder in which each fit creates its own folder of a run",
        TypeConverters.toString,
    )
    perDeviceTrainBatchSize: Param[int] = Param(
        Params._dummy(),
        "perDeviceTrainBatchSize",
        "samples of a rank in a micro-batch",
        TypeConverters.toInt,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction",
        TypeConverters.toString,
    )
    questionCol: Param[str] = Param(
        Params._dummy(),
        "questionCol",
        "column of the question",
        TypeConverters.toString,
    )
    ranks: Param[int] = Param(
        Params._dummy(),
        "ranks",
        "barrier tasks that train together",
        TypeConverters.toInt,
    )
    seed: Param[int] = Param(
        Params._dummy(),
        "seed",
        "seed of all random numbers",
        TypeConverters.toInt,
    )
    settings: Param[list[str]] = Param(
        Params._dummy(),
        "settings",
        "further settings of the run: section.key=value, as for --set",
        TypeConverters.toListString,
    )

    def __init__(
        self,
        *,
        contextCol: str | None = None,
        labelCol: str | None = None,
        learningRate: float | None = None,
        maxLength: int | None = None,
        method: str | None = None,
        model: str | None = None,
        numTrainEpochs: int | None = None,
        outputDir: str | None = None,
        perDeviceTrainBatchSize: int | None = None,
        predictionCol: str | None = None,
        questionCol: str | None = None,
        ranks: int | None = None,
        seed: int | None = None,
        settings: list[str] | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("QuestionAnswererTrainer")(self.uid)
        self._setDefault(
            contextCol="context",
            labelCol="answers",
            predictionCol="prediction",
            questionCol="question",
            settings=[],
        )
        given = {
            "contextCol": contextCol,
            "labelCol": labelCol,
            "learningRate": learningRate,
            "maxLength": maxLength,
            "method": method,
            "model": model,
            "numTrainEpochs": numTrainEpochs,
            "outputDir": outputDir,
            "perDeviceTrainBatchSize": perDeviceTrainBatchSize,
            "predictionCol": predictionCol,
            "questionCol": questionCol,
            "ranks": ranks,
            "seed": seed,
            "settings": settings,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setContextCol(self, value: str) -> Self:
        """Sets :py:attr:`contextCol`."""
        return self._set(contextCol=value)

    def getContextCol(self) -> str:
        """The value of :py:attr:`contextCol`, or its default."""
        return self.getOrDefault(self.contextCol)

    def setLabelCol(self, value: str) -> Self:
        """Sets :py:attr:`labelCol`."""
        return self._set(labelCol=value)

    def getLabelCol(self) -> str:
        """The value of :py:attr:`labelCol`, or its default."""
        return self.getOrDefault(self.labelCol)

    def setLearningRate(self, value: float) -> Self:
        """Sets :py:attr:`learningRate`."""
        return self._set(learningRate=value)

    def getLearningRate(self) -> float:
        """The value of :py:attr:`learningRate`, or its default."""
        return self.getOrDefault(self.learningRate)

    def setMaxLength(self, value: int) -> Self:
        """Sets :py:attr:`maxLength`."""
        return self._set(maxLength=value)

    def getMaxLength(self) -> int:
        """The value of :py:attr:`maxLength`, or its default."""
        return self.getOrDefault(self.maxLength)

    def setMethod(self, value: str) -> Self:
        """Sets :py:attr:`method`."""
        return self._set(method=value)

    def getMethod(self) -> str:
        """The value of :py:attr:`method`, or its default."""
        return self.getOrDefault(self.method)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setNumTrainEpochs(self, value: int) -> Self:
        """Sets :py:attr:`numTrainEpochs`."""
        return self._set(numTrainEpochs=value)

    def getNumTrainEpochs(self) -> int:
        """The value of :py:attr:`numTrainEpochs`, or its default."""
        return self.getOrDefault(self.numTrainEpochs)

    def setOutputDir(self, value: str) -> Self:
        """Sets :py:attr:`outputDir`."""
        return self._set(outputDir=value)

    def getOutputDir(self) -> str:
        """The value of :py:attr:`outputDir`, or its default."""
        return self.getOrDefault(self.outputDir)

    def setPerDeviceTrainBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`perDeviceTrainBatchSize`."""
        return self._set(perDeviceTrainBatchSize=value)

    def getPerDeviceTrainBatchSize(self) -> int:
        """The value of :py:attr:`perDeviceTrainBatchSize`, or its default."""
        return self.getOrDefault(self.perDeviceTrainBatchSize)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setQuestionCol(self, value: str) -> Self:
        """Sets :py:attr:`questionCol`."""
        return self._set(questionCol=value)

    def getQuestionCol(self) -> str:
        """The value of :py:attr:`questionCol`, or its default."""
        return self.getOrDefault(self.questionCol)

    def setRanks(self, value: int) -> Self:
        """Sets :py:attr:`ranks`."""
        return self._set(ranks=value)

    def getRanks(self) -> int:
        """The value of :py:attr:`ranks`, or its default."""
        return self.getOrDefault(self.ranks)

    def setSeed(self, value: int) -> Self:
        """Sets :py:attr:`seed`."""
        return self._set(seed=value)

    def getSeed(self) -> int:
        """The value of :py:attr:`seed`, or its default."""
        return self.getOrDefault(self.seed)

    def setSettings(self, value: list[str]) -> Self:
        """Sets :py:attr:`settings`."""
        return self._set(settings=value)

    def getSettings(self) -> list[str]:
        """The value of :py:attr:`settings`, or its default."""
        return self.getOrDefault(self.settings)


class TextClassifierModelParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextClassifierModel`."""

    batchSize: Param[int] = Param(
        Params._dummy(),
        "batchSize",
        "rows in a batch",
        TypeConverters.toInt,
    )
    coverage: Param[float] = Param(
        Params._dummy(),
        "coverage",
        "probability with which a label of predictionSetCol is right; needs a model that finetune "
        "evaluate has calibrated",
        TypeConverters.toFloat,
    )
    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text",
        TypeConverters.toString,
    )
    numericLabels: Param[bool] = Param(
        Params._dummy(),
        "numericLabels",
        "whether a prediction is the label's number",
        TypeConverters.toBoolean,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of a structure of class_names, probabilities and top_k; empty: none",
        TypeConverters.toString,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction; empty: none",
        TypeConverters.toString,
    )
    predictionSetCol: Param[str] = Param(
        Params._dummy(),
        "predictionSetCol",
        "column of the labels of which one is right; empty: none, needs coverage",
        TypeConverters.toString,
    )
    probabilityCol: Param[str] = Param(
        Params._dummy(),
        "probabilityCol",
        "column of the labels' probabilities, by label id; empty: none",
        TypeConverters.toString,
    )
    rawPredictionCol: Param[str] = Param(
        Params._dummy(),
        "rawPredictionCol",
        "column of the natural logarithms of the probabilities; empty: none",
        TypeConverters.toString,
    )
    topK: Param[int] = Param(
        Params._dummy(),
        "topK",
        "number of labels in top_k",
        TypeConverters.toInt,
    )

    def __init__(self, java_model: Any | None = None) -> None:
        super().__init__(java_model)
        self._setDefault(
            inputCol="text",
            numericLabels=False,
            outputCol="",
            predictionCol="prediction",
            predictionSetCol="",
            probabilityCol="probability",
            rawPredictionCol="rawPrediction",
            topK=5,
        )

    def setBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`batchSize`."""
        return self._set(batchSize=value)

    def getBatchSize(self) -> int:
        """The value of :py:attr:`batchSize`, or its default."""
        return self.getOrDefault(self.batchSize)

    def setCoverage(self, value: float) -> Self:
        """Sets :py:attr:`coverage`."""
        return self._set(coverage=value)

    def getCoverage(self) -> float:
        """The value of :py:attr:`coverage`, or its default."""
        return self.getOrDefault(self.coverage)

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setNumericLabels(self, value: bool) -> Self:
        """Sets :py:attr:`numericLabels`."""
        return self._set(numericLabels=value)

    def getNumericLabels(self) -> bool:
        """The value of :py:attr:`numericLabels`, or its default."""
        return self.getOrDefault(self.numericLabels)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setPredictionSetCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionSetCol`."""
        return self._set(predictionSetCol=value)

    def getPredictionSetCol(self) -> str:
        """The value of :py:attr:`predictionSetCol`, or its default."""
        return self.getOrDefault(self.predictionSetCol)

    def setProbabilityCol(self, value: str) -> Self:
        """Sets :py:attr:`probabilityCol`."""
        return self._set(probabilityCol=value)

    def getProbabilityCol(self) -> str:
        """The value of :py:attr:`probabilityCol`, or its default."""
        return self.getOrDefault(self.probabilityCol)

    def setRawPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`rawPredictionCol`."""
        return self._set(rawPredictionCol=value)

    def getRawPredictionCol(self) -> str:
        """The value of :py:attr:`rawPredictionCol`, or its default."""
        return self.getOrDefault(self.rawPredictionCol)

    def setTopK(self, value: int) -> Self:
        """Sets :py:attr:`topK`."""
        return self._set(topK=value)

    def getTopK(self) -> int:
        """The value of :py:attr:`topK`, or its default."""
        return self.getOrDefault(self.topK)


class TextClassifierTrainerParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextClassifierTrainer`."""

    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text",
        TypeConverters.toString,
    )
    labelCol: Param[str] = Param(
        Params._dummy(),
        "labelCol",
        "column of the labels",
        TypeConverters.toString,
    )
    learningRate: Param[float] = Param(
        Params._dummy(),
        "learningRate",
        "peak learning rate",
        TypeConverters.toFloat,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "most tokens of a sample",
        TypeConverters.toInt,
    )
    method: Param[str] = Param(
        Params._dummy(),
        "method",
        "full, freeze, lora or qlora",
        TypeConverters.toString,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a model in Hugging Face layout, or hub:ORG/NAME",
        TypeConverters.toString,
    )
    numTrainEpochs: Param[int] = Param(
        Params._dummy(),
        "numTrainEpochs",
        "passes over the rows",
        TypeConverters.toInt,
    )
    outputDir: Param[str] = Param(
        Params._dummy(),
        "outputDir",
        "folder in which each fit creates its own folder of a run",
        TypeConverters.toString,
    )
    perDeviceTrainBatchSize: Param[int] = Param(
        Params._dummy(),
        "perDeviceTrainBatchSize",
        "samples of a rank in a micro-batch",
        TypeConverters.toInt,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction",
        TypeConverters.toString,
    )
    probabilityCol: Param[str] = Param(
        Params._dummy(),
        "probabilityCol",
        "column of the labels' probabilities, by label id; empty: none",
        TypeConverters.toString,
    )
    ranks: Param[int] = Param(
        Params._dummy(),
        "ranks",
        "barrier tasks that train together",
        TypeConverters.toInt,
    )
    rawPredictionCol: Param[str] = Param(
        Params._dummy(),
        "rawPredictionCol",
        "column of the natural logarithms of the probabilities; empty: none",
        TypeConverters.toString,
    )
    seed: Param[int] = Param(
        Params._dummy(),
        "seed",
        "seed of all random numbers",
        TypeConverters.toInt,
    )
    settings: Param[list[str]] = Param(
        Params._dummy(),
        "settings",
        "further settings of the run: section.key=value, as for --set",
        TypeConverters.toListString,
    )

    def __init__(
        self,
        *,
        inputCol: str | None = None,
        labelCol: str | None = None,
        learningRate: float | None = None,
        maxLength: int | None = None,
        method: str | None = None,
        model: str | None = None,
        numTrainEpochs: int | None = None,
        outputDir: str | None = None,
        perDeviceTrainBatchSize: int | None = None,
        predictionCol: str | None = None,
        probabilityCol: str | None = None,
        ranks: int | None = None,
        rawPredictionCol: str | None = None,
        seed: int | None = None,
        settings: list[str] | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("TextClassifierTrainer")(self.uid)
        self._setDefault(
            inputCol="text",
            labelCol="label",
            predictionCol="prediction",
            probabilityCol="probability",
            rawPredictionCol="rawPrediction",
            settings=[],
        )
        given = {
            "inputCol": inputCol,
            "labelCol": labelCol,
            "learningRate": learningRate,
            "maxLength": maxLength,
            "method": method,
            "model": model,
            "numTrainEpochs": numTrainEpochs,
            "outputDir": outputDir,
            "perDeviceTrainBatchSize": perDeviceTrainBatchSize,
            "predictionCol": predictionCol,
            "probabilityCol": probabilityCol,
            "ranks": ranks,
            "rawPredictionCol": rawPredictionCol,
            "seed": seed,
            "settings": settings,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setLabelCol(self, value: str) -> Self:
        """Sets :py:attr:`labelCol`."""
        return self._set(labelCol=value)

    def getLabelCol(self) -> str:
        """The value of :py:attr:`labelCol`, or its default."""
        return self.getOrDefault(self.labelCol)

    def setLearningRate(self, value: float) -> Self:
        """Sets :py:attr:`learningRate`."""
        return self._set(learningRate=value)

    def getLearningRate(self) -> float:
        """The value of :py:attr:`learningRate`, or its default."""
        return self.getOrDefault(self.learningRate)

    def setMaxLength(self, value: int) -> Self:
        """Sets :py:attr:`maxLength`."""
        return self._set(maxLength=value)

    def getMaxLength(self) -> int:
        """The value of :py:attr:`maxLength`, or its default."""
        return self.getOrDefault(self.maxLength)

    def setMethod(self, value: str) -> Self:
        """Sets :py:attr:`method`."""
        return self._set(method=value)

    def getMethod(self) -> str:
        """The value of :py:attr:`method`, or its default."""
        return self.getOrDefault(self.method)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setNumTrainEpochs(self, value: int) -> Self:
        """Sets :py:attr:`numTrainEpochs`."""
        return self._set(numTrainEpochs=value)

    def getNumTrainEpochs(self) -> int:
        """The value of :py:attr:`numTrainEpochs`, or its default."""
        return self.getOrDefault(self.numTrainEpochs)

    def setOutputDir(self, value: str) -> Self:
        """Sets :py:attr:`outputDir`."""
        return self._set(outputDir=value)

    def getOutputDir(self) -> str:
        """The value of :py:attr:`outputDir`, or its default."""
        return self.getOrDefault(self.outputDir)

    def setPerDeviceTrainBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`perDeviceTrainBatchSize`."""
        return self._set(perDeviceTrainBatchSize=value)

    def getPerDeviceTrainBatchSize(self) -> int:
        """The value of :py:attr:`perDeviceTrainBatchSize`, or its default."""
        return self.getOrDefault(self.perDeviceTrainBatchSize)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setProbabilityCol(self, value: str) -> Self:
        """Sets :py:attr:`probabilityCol`."""
        return self._set(probabilityCol=value)

    def getProbabilityCol(self) -> str:
        """The value of :py:attr:`probabilityCol`, or its default."""
        return self.getOrDefault(self.probabilityCol)

    def setRanks(self, value: int) -> Self:
        """Sets :py:attr:`ranks`."""
        return self._set(ranks=value)

    def getRanks(self) -> int:
        """The value of :py:attr:`ranks`, or its default."""
        return self.getOrDefault(self.ranks)

    def setRawPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`rawPredictionCol`."""
        return self._set(rawPredictionCol=value)

    def getRawPredictionCol(self) -> str:
        """The value of :py:attr:`rawPredictionCol`, or its default."""
        return self.getOrDefault(self.rawPredictionCol)

    def setSeed(self, value: int) -> Self:
        """Sets :py:attr:`seed`."""
        return self._set(seed=value)

    def getSeed(self) -> int:
        """The value of :py:attr:`seed`, or its default."""
        return self.getOrDefault(self.seed)

    def setSettings(self, value: list[str]) -> Self:
        """Sets :py:attr:`settings`."""
        return self._set(settings=value)

    def getSettings(self) -> list[str]:
        """The value of :py:attr:`settings`, or its default."""
        return self.getOrDefault(self.settings)


class TextEmbedderParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextEmbedder`."""

    batchSize: Param[int] = Param(
        Params._dummy(),
        "batchSize",
        "texts in a batch",
        TypeConverters.toInt,
    )
    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text",
        TypeConverters.toString,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "tokens at which a text is cut, special tokens included",
        TypeConverters.toInt,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a model in Hugging Face layout that the executors see, or hub:ORG/NAME",
        TypeConverters.toString,
    )
    normalize: Param[bool] = Param(
        Params._dummy(),
        "normalize",
        "whether an embedding is divided by its Euclidean norm",
        TypeConverters.toBoolean,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of the embedding",
        TypeConverters.toString,
    )
    outputType: Param[str] = Param(
        Params._dummy(),
        "outputType",
        "vector, or array for array<float>",
        TypeConverters.toString,
    )

    def __init__(
        self,
        *,
        batchSize: int | None = None,
        inputCol: str | None = None,
        maxLength: int | None = None,
        model: str | None = None,
        normalize: bool | None = None,
        outputCol: str | None = None,
        outputType: str | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("TextEmbedder")(self.uid)
        self._setDefault(
            inputCol="text",
            normalize=False,
            outputCol="embedding",
            outputType="vector",
        )
        given = {
            "batchSize": batchSize,
            "inputCol": inputCol,
            "maxLength": maxLength,
            "model": model,
            "normalize": normalize,
            "outputCol": outputCol,
            "outputType": outputType,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`batchSize`."""
        return self._set(batchSize=value)

    def getBatchSize(self) -> int:
        """The value of :py:attr:`batchSize`, or its default."""
        return self.getOrDefault(self.batchSize)

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setMaxLength(self, value: int) -> Self:
        """Sets :py:attr:`maxLength`."""
        return self._set(maxLength=value)

    def getMaxLength(self) -> int:
        """The value of :py:attr:`maxLength`, or its default."""
        return self.getOrDefault(self.maxLength)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setNormalize(self, value: bool) -> Self:
        """Sets :py:attr:`normalize`."""
        return self._set(normalize=value)

    def getNormalize(self) -> bool:
        """The value of :py:attr:`normalize`, or its default."""
        return self.getOrDefault(self.normalize)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)

    def setOutputType(self, value: str) -> Self:
        """Sets :py:attr:`outputType`."""
        return self._set(outputType=value)

    def getOutputType(self) -> str:
        """The value of :py:attr:`outputType`, or its default."""
        return self.getOrDefault(self.outputType)


class TextEmbedderModelParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextEmbedderModel`."""

    batchSize: Param[int] = Param(
        Params._dummy(),
        "batchSize",
        "rows in a batch",
        TypeConverters.toInt,
    )
    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text",
        TypeConverters.toString,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of the embedding as array<float>; empty: none",
        TypeConverters.toString,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction; empty: none",
        TypeConverters.toString,
    )
    side: Param[str] = Param(
        Params._dummy(),
        "side",
        "query or document: the prompt of the texts; unset: embedding.predict_as",
        TypeConverters.toString,
    )

    def __init__(self, java_model: Any | None = None) -> None:
        super().__init__(java_model)
        self._setDefault(
            inputCol="text",
            outputCol="",
            predictionCol="embedding",
        )

    def setBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`batchSize`."""
        return self._set(batchSize=value)

    def getBatchSize(self) -> int:
        """The value of :py:attr:`batchSize`, or its default."""
        return self.getOrDefault(self.batchSize)

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setSide(self, value: str) -> Self:
        """Sets :py:attr:`side`."""
        return self._set(side=value)

    def getSide(self) -> str:
        """The value of :py:attr:`side`, or its default."""
        return self.getOrDefault(self.side)


class TextEmbedderTrainerParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextEmbedderTrainer`."""

    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text",
        TypeConverters.toString,
    )
    labelCol: Param[str] = Param(
        Params._dummy(),
        "labelCol",
        "column of the labels",
        TypeConverters.toString,
    )
    learningRate: Param[float] = Param(
        Params._dummy(),
        "learningRate",
        "peak learning rate",
        TypeConverters.toFloat,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "most tokens of a sample",
        TypeConverters.toInt,
    )
    method: Param[str] = Param(
        Params._dummy(),
        "method",
        "full, freeze, lora or qlora",
        TypeConverters.toString,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a model in Hugging Face layout, or hub:ORG/NAME",
        TypeConverters.toString,
    )
    negativeCol: Param[str] = Param(
        Params._dummy(),
        "negativeCol",
        "column with a text, or a list of texts, that does not",
        TypeConverters.toString,
    )
    numTrainEpochs: Param[int] = Param(
        Params._dummy(),
        "numTrainEpochs",
        "passes over the rows",
        TypeConverters.toInt,
    )
    outputDir: Param[str] = Param(
        Params._dummy(),
        "outputDir",
        "folder in which each fit creates its own folder of a run",
        TypeConverters.toString,
    )
    pairCol: Param[str] = Param(
        Params._dummy(),
        "pairCol",
        "column of the text that belongs to it",
        TypeConverters.toString,
    )
    perDeviceTrainBatchSize: Param[int] = Param(
        Params._dummy(),
        "perDeviceTrainBatchSize",
        "samples of a rank in a micro-batch",
        TypeConverters.toInt,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction",
        TypeConverters.toString,
    )
    ranks: Param[int] = Param(
        Params._dummy(),
        "ranks",
        "barrier tasks that train together",
        TypeConverters.toInt,
    )
    seed: Param[int] = Param(
        Params._dummy(),
        "seed",
        "seed of all random numbers",
        TypeConverters.toInt,
    )
    settings: Param[list[str]] = Param(
        Params._dummy(),
        "settings",
        "further settings of the run: section.key=value, as for --set",
        TypeConverters.toListString,
    )

    def __init__(
        self,
        *,
        inputCol: str | None = None,
        labelCol: str | None = None,
        learningRate: float | None = None,
        maxLength: int | None = None,
        method: str | None = None,
        model: str | None = None,
        negativeCol: str | None = None,
        numTrainEpochs: int | None = None,
        outputDir: str | None = None,
        pairCol: str | None = None,
        perDeviceTrainBatchSize: int | None = None,
        predictionCol: str | None = None,
        ranks: int | None = None,
        seed: int | None = None,
        settings: list[str] | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("TextEmbedderTrainer")(self.uid)
        self._setDefault(
            inputCol="text",
            labelCol="label",
            pairCol="pair",
            predictionCol="embedding",
            settings=[],
        )
        given = {
            "inputCol": inputCol,
            "labelCol": labelCol,
            "learningRate": learningRate,
            "maxLength": maxLength,
            "method": method,
            "model": model,
            "negativeCol": negativeCol,
            "numTrainEpochs": numTrainEpochs,
            "outputDir": outputDir,
            "pairCol": pairCol,
            "perDeviceTrainBatchSize": perDeviceTrainBatchSize,
            "predictionCol": predictionCol,
            "ranks": ranks,
            "seed": seed,
            "settings": settings,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setLabelCol(self, value: str) -> Self:
        """Sets :py:attr:`labelCol`."""
        return self._set(labelCol=value)

    def getLabelCol(self) -> str:
        """The value of :py:attr:`labelCol`, or its default."""
        return self.getOrDefault(self.labelCol)

    def setLearningRate(self, value: float) -> Self:
        """Sets :py:attr:`learningRate`."""
        return self._set(learningRate=value)

    def getLearningRate(self) -> float:
        """The value of :py:attr:`learningRate`, or its default."""
        return self.getOrDefault(self.learningRate)

    def setMaxLength(self, value: int) -> Self:
        """Sets :py:attr:`maxLength`."""
        return self._set(maxLength=value)

    def getMaxLength(self) -> int:
        """The value of :py:attr:`maxLength`, or its default."""
        return self.getOrDefault(self.maxLength)

    def setMethod(self, value: str) -> Self:
        """Sets :py:attr:`method`."""
        return self._set(method=value)

    def getMethod(self) -> str:
        """The value of :py:attr:`method`, or its default."""
        return self.getOrDefault(self.method)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setNegativeCol(self, value: str) -> Self:
        """Sets :py:attr:`negativeCol`."""
        return self._set(negativeCol=value)

    def getNegativeCol(self) -> str:
        """The value of :py:attr:`negativeCol`, or its default."""
        return self.getOrDefault(self.negativeCol)

    def setNumTrainEpochs(self, value: int) -> Self:
        """Sets :py:attr:`numTrainEpochs`."""
        return self._set(numTrainEpochs=value)

    def getNumTrainEpochs(self) -> int:
        """The value of :py:attr:`numTrainEpochs`, or its default."""
        return self.getOrDefault(self.numTrainEpochs)

    def setOutputDir(self, value: str) -> Self:
        """Sets :py:attr:`outputDir`."""
        return self._set(outputDir=value)

    def getOutputDir(self) -> str:
        """The value of :py:attr:`outputDir`, or its default."""
        return self.getOrDefault(self.outputDir)

    def setPairCol(self, value: str) -> Self:
        """Sets :py:attr:`pairCol`."""
        return self._set(pairCol=value)

    def getPairCol(self) -> str:
        """The value of :py:attr:`pairCol`, or its default."""
        return self.getOrDefault(self.pairCol)

    def setPerDeviceTrainBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`perDeviceTrainBatchSize`."""
        return self._set(perDeviceTrainBatchSize=value)

    def getPerDeviceTrainBatchSize(self) -> int:
        """The value of :py:attr:`perDeviceTrainBatchSize`, or its default."""
        return self.getOrDefault(self.perDeviceTrainBatchSize)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setRanks(self, value: int) -> Self:
        """Sets :py:attr:`ranks`."""
        return self._set(ranks=value)

    def getRanks(self) -> int:
        """The value of :py:attr:`ranks`, or its default."""
        return self.getOrDefault(self.ranks)

    def setSeed(self, value: int) -> Self:
        """Sets :py:attr:`seed`."""
        return self._set(seed=value)

    def getSeed(self) -> int:
        """The value of :py:attr:`seed`, or its default."""
        return self.getOrDefault(self.seed)

    def setSettings(self, value: list[str]) -> Self:
        """Sets :py:attr:`settings`."""
        return self._set(settings=value)

    def getSettings(self) -> list[str]:
        """The value of :py:attr:`settings`, or its default."""
        return self.getOrDefault(self.settings)


class TextRedactorParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextRedactor`."""

    entities: Param[list[str]] = Param(
        Params._dummy(),
        "entities",
        "entities to find, by the names of Presidio",
        TypeConverters.toListString,
    )
    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text",
        TypeConverters.toString,
    )
    keep: Param[list[str]] = Param(
        Params._dummy(),
        "keep",
        "values that stay as they are",
        TypeConverters.toListString,
    )
    keyFile: Param[str] = Param(
        Params._dummy(),
        "keyFile",
        "file of the key for hash, pseudonym and date_shift",
        TypeConverters.toString,
    )
    labels: Param[list[str]] = Param(
        Params._dummy(),
        "labels",
        "entities of the model's labels: LABEL=ENTITY, such as PER=PERSON",
        TypeConverters.toListString,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a token classifier that finds entities besides the rules",
        TypeConverters.toString,
    )
    operator: Param[str] = Param(
        Params._dummy(),
        "operator",
        "replace, mask, hash or pseudonym",
        TypeConverters.toString,
    )
    operators: Param[list[str]] = Param(
        Params._dummy(),
        "operators",
        "operators of single entities: ENTITY=operator, such as DATE_TIME=date_shift",
        TypeConverters.toListString,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of the redacted text",
        TypeConverters.toString,
    )
    personCol: Param[str] = Param(
        Params._dummy(),
        "personCol",
        "column of the person, for whom dates move together and pseudonyms are equal",
        TypeConverters.toString,
    )
    phoneRegions: Param[list[str]] = Param(
        Params._dummy(),
        "phoneRegions",
        "countries, by their two letters, whose telephone numbers need no +",
        TypeConverters.toListString,
    )
    scoreThreshold: Param[float] = Param(
        Params._dummy(),
        "scoreThreshold",
        "lowest score of an entity of the model",
        TypeConverters.toFloat,
    )

    def __init__(
        self,
        *,
        entities: list[str] | None = None,
        inputCol: str | None = None,
        keep: list[str] | None = None,
        keyFile: str | None = None,
        labels: list[str] | None = None,
        model: str | None = None,
        operator: str | None = None,
        operators: list[str] | None = None,
        outputCol: str | None = None,
        personCol: str | None = None,
        phoneRegions: list[str] | None = None,
        scoreThreshold: float | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("TextRedactor")(self.uid)
        self._setDefault(
            inputCol="text",
            labels=[],
            operators=[],
            outputCol="redacted",
        )
        given = {
            "entities": entities,
            "inputCol": inputCol,
            "keep": keep,
            "keyFile": keyFile,
            "labels": labels,
            "model": model,
            "operator": operator,
            "operators": operators,
            "outputCol": outputCol,
            "personCol": personCol,
            "phoneRegions": phoneRegions,
            "scoreThreshold": scoreThreshold,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setEntities(self, value: list[str]) -> Self:
        """Sets :py:attr:`entities`."""
        return self._set(entities=value)

    def getEntities(self) -> list[str]:
        """The value of :py:attr:`entities`, or its default."""
        return self.getOrDefault(self.entities)

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setKeep(self, value: list[str]) -> Self:
        """Sets :py:attr:`keep`."""
        return self._set(keep=value)

    def getKeep(self) -> list[str]:
        """The value of :py:attr:`keep`, or its default."""
        return self.getOrDefault(self.keep)

    def setKeyFile(self, value: str) -> Self:
        """Sets :py:attr:`keyFile`."""
        return self._set(keyFile=value)

    def getKeyFile(self) -> str:
        """The value of :py:attr:`keyFile`, or its default."""
        return self.getOrDefault(self.keyFile)

    def setLabels(self, value: list[str]) -> Self:
        """Sets :py:attr:`labels`."""
        return self._set(labels=value)

    def getLabels(self) -> list[str]:
        """The value of :py:attr:`labels`, or its default."""
        return self.getOrDefault(self.labels)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setOperator(self, value: str) -> Self:
        """Sets :py:attr:`operator`."""
        return self._set(operator=value)

    def getOperator(self) -> str:
        """The value of :py:attr:`operator`, or its default."""
        return self.getOrDefault(self.operator)

    def setOperators(self, value: list[str]) -> Self:
        """Sets :py:attr:`operators`."""
        return self._set(operators=value)

    def getOperators(self) -> list[str]:
        """The value of :py:attr:`operators`, or its default."""
        return self.getOrDefault(self.operators)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)

    def setPersonCol(self, value: str) -> Self:
        """Sets :py:attr:`personCol`."""
        return self._set(personCol=value)

    def getPersonCol(self) -> str:
        """The value of :py:attr:`personCol`, or its default."""
        return self.getOrDefault(self.personCol)

    def setPhoneRegions(self, value: list[str]) -> Self:
        """Sets :py:attr:`phoneRegions`."""
        return self._set(phoneRegions=value)

    def getPhoneRegions(self) -> list[str]:
        """The value of :py:attr:`phoneRegions`, or its default."""
        return self.getOrDefault(self.phoneRegions)

    def setScoreThreshold(self, value: float) -> Self:
        """Sets :py:attr:`scoreThreshold`."""
        return self._set(scoreThreshold=value)

    def getScoreThreshold(self) -> float:
        """The value of :py:attr:`scoreThreshold`, or its default."""
        return self.getOrDefault(self.scoreThreshold)


class TextTokenizerParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextTokenizer`."""

    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the text",
        TypeConverters.toString,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "tokens at which a text is cut, special tokens included",
        TypeConverters.toInt,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a model in Hugging Face layout that the executors see, or hub:ORG/NAME",
        TypeConverters.toString,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of the token ids",
        TypeConverters.toString,
    )

    def __init__(
        self,
        *,
        inputCol: str | None = None,
        maxLength: int | None = None,
        model: str | None = None,
        outputCol: str | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("TextTokenizer")(self.uid)
        self._setDefault(
            inputCol="text",
            outputCol="input_ids",
        )
        given = {
            "inputCol": inputCol,
            "maxLength": maxLength,
            "model": model,
            "outputCol": outputCol,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setMaxLength(self, value: int) -> Self:
        """Sets :py:attr:`maxLength`."""
        return self._set(maxLength=value)

    def getMaxLength(self) -> int:
        """The value of :py:attr:`maxLength`, or its default."""
        return self.getOrDefault(self.maxLength)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)


class TokenClassifierModelParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TokenClassifierModel`."""

    batchSize: Param[int] = Param(
        Params._dummy(),
        "batchSize",
        "rows in a batch",
        TypeConverters.toInt,
    )
    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the words, or of the text",
        TypeConverters.toString,
    )
    outputCol: Param[str] = Param(
        Params._dummy(),
        "outputCol",
        "column of structures of start, end, word, label and score; empty: none",
        TypeConverters.toString,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction; empty: none",
        TypeConverters.toString,
    )

    def __init__(self, java_model: Any | None = None) -> None:
        super().__init__(java_model)
        self._setDefault(
            inputCol="words",
            outputCol="",
            predictionCol="prediction",
        )

    def setBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`batchSize`."""
        return self._set(batchSize=value)

    def getBatchSize(self) -> int:
        """The value of :py:attr:`batchSize`, or its default."""
        return self.getOrDefault(self.batchSize)

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setOutputCol(self, value: str) -> Self:
        """Sets :py:attr:`outputCol`."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> str:
        """The value of :py:attr:`outputCol`, or its default."""
        return self.getOrDefault(self.outputCol)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)


class TokenClassifierTrainerParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TokenClassifierTrainer`."""

    inputCol: Param[str] = Param(
        Params._dummy(),
        "inputCol",
        "column of the words, or of the text",
        TypeConverters.toString,
    )
    labelCol: Param[str] = Param(
        Params._dummy(),
        "labelCol",
        "column of the labels",
        TypeConverters.toString,
    )
    learningRate: Param[float] = Param(
        Params._dummy(),
        "learningRate",
        "peak learning rate",
        TypeConverters.toFloat,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "most tokens of a sample",
        TypeConverters.toInt,
    )
    method: Param[str] = Param(
        Params._dummy(),
        "method",
        "full, freeze, lora or qlora",
        TypeConverters.toString,
    )
    model: Param[str] = Param(
        Params._dummy(),
        "model",
        "folder of a model in Hugging Face layout, or hub:ORG/NAME",
        TypeConverters.toString,
    )
    numTrainEpochs: Param[int] = Param(
        Params._dummy(),
        "numTrainEpochs",
        "passes over the rows",
        TypeConverters.toInt,
    )
    outputDir: Param[str] = Param(
        Params._dummy(),
        "outputDir",
        "folder in which each fit creates its own folder of a run",
        TypeConverters.toString,
    )
    perDeviceTrainBatchSize: Param[int] = Param(
        Params._dummy(),
        "perDeviceTrainBatchSize",
        "samples of a rank in a micro-batch",
        TypeConverters.toInt,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of the prediction",
        TypeConverters.toString,
    )
    ranks: Param[int] = Param(
        Params._dummy(),
        "ranks",
        "barrier tasks that train together",
        TypeConverters.toInt,
    )
    seed: Param[int] = Param(
        Params._dummy(),
        "seed",
        "seed of all random numbers",
        TypeConverters.toInt,
    )
    settings: Param[list[str]] = Param(
        Params._dummy(),
        "settings",
        "further settings of the run: section.key=value, as for --set",
        TypeConverters.toListString,
    )

    def __init__(
        self,
        *,
        inputCol: str | None = None,
        labelCol: str | None = None,
        learningRate: float | None = None,
        maxLength: int | None = None,
        method: str | None = None,
        model: str | None = None,
        numTrainEpochs: int | None = None,
        outputDir: str | None = None,
        perDeviceTrainBatchSize: int | None = None,
        predictionCol: str | None = None,
        ranks: int | None = None,
        seed: int | None = None,
        settings: list[str] | None = None,
    ) -> None:
        super().__init__()
        self._java_obj = find("TokenClassifierTrainer")(self.uid)
        self._setDefault(
            inputCol="words",
            labelCol="tags",
            predictionCol="prediction",
            settings=[],
        )
        given = {
            "inputCol": inputCol,
            "labelCol": labelCol,
            "learningRate": learningRate,
            "maxLength": maxLength,
            "method": method,
            "model": model,
            "numTrainEpochs": numTrainEpochs,
            "outputDir": outputDir,
            "perDeviceTrainBatchSize": perDeviceTrainBatchSize,
            "predictionCol": predictionCol,
            "ranks": ranks,
            "seed": seed,
            "settings": settings,
        }
        self._set(**{name: value for name, value in given.items() if value is not None})

    def setInputCol(self, value: str) -> Self:
        """Sets :py:attr:`inputCol`."""
        return self._set(inputCol=value)

    def getInputCol(self) -> str:
        """The value of :py:attr:`inputCol`, or its default."""
        return self.getOrDefault(self.inputCol)

    def setLabelCol(self, value: str) -> Self:
        """Sets :py:attr:`labelCol`."""
        return self._set(labelCol=value)

    def getLabelCol(self) -> str:
        """The value of :py:attr:`labelCol`, or its default."""
        return self.getOrDefault(self.labelCol)

    def setLearningRate(self, value: float) -> Self:
        """Sets :py:attr:`learningRate`."""
        return self._set(learningRate=value)

    def getLearningRate(self) -> float:
        """The value of :py:attr:`learningRate`, or its default."""
        return self.getOrDefault(self.learningRate)

    def setMaxLength(self, value: int) -> Self:
        """Sets :py:attr:`maxLength`."""
        return self._set(maxLength=value)

    def getMaxLength(self) -> int:
        """The value of :py:attr:`maxLength`, or its default."""
        return self.getOrDefault(self.maxLength)

    def setMethod(self, value: str) -> Self:
        """Sets :py:attr:`method`."""
        return self._set(method=value)

    def getMethod(self) -> str:
        """The value of :py:attr:`method`, or its default."""
        return self.getOrDefault(self.method)

    def setModel(self, value: str) -> Self:
        """Sets :py:attr:`model`."""
        return self._set(model=value)

    def getModel(self) -> str:
        """The value of :py:attr:`model`, or its default."""
        return self.getOrDefault(self.model)

    def setNumTrainEpochs(self, value: int) -> Self:
        """Sets :py:attr:`numTrainEpochs`."""
        return self._set(numTrainEpochs=value)

    def getNumTrainEpochs(self) -> int:
        """The value of :py:attr:`numTrainEpochs`, or its default."""
        return self.getOrDefault(self.numTrainEpochs)

    def setOutputDir(self, value: str) -> Self:
        """Sets :py:attr:`outputDir`."""
        return self._set(outputDir=value)

    def getOutputDir(self) -> str:
        """The value of :py:attr:`outputDir`, or its default."""
        return self.getOrDefault(self.outputDir)

    def setPerDeviceTrainBatchSize(self, value: int) -> Self:
        """Sets :py:attr:`perDeviceTrainBatchSize`."""
        return self._set(perDeviceTrainBatchSize=value)

    def getPerDeviceTrainBatchSize(self) -> int:
        """The value of :py:attr:`perDeviceTrainBatchSize`, or its default."""
        return self.getOrDefault(self.perDeviceTrainBatchSize)

    def setPredictionCol(self, value: str) -> Self:
        """Sets :py:attr:`predictionCol`."""
        return self._set(predictionCol=value)

    def getPredictionCol(self) -> str:
        """The value of :py:attr:`predictionCol`, or its default."""
        return self.getOrDefault(self.predictionCol)

    def setRanks(self, value: int) -> Self:
        """Sets :py:attr:`ranks`."""
        return self._set(ranks=value)

    def getRanks(self) -> int:
        """The value of :py:attr:`ranks`, or its default."""
        return self.getOrDefault(self.ranks)

    def setSeed(self, value: int) -> Self:
        """Sets :py:attr:`seed`."""
        return self._set(seed=value)

    def getSeed(self) -> int:
        """The value of :py:attr:`seed`, or its default."""
        return self.getOrDefault(self.seed)

    def setSettings(self, value: list[str]) -> Self:
        """Sets :py:attr:`settings`."""
        return self._set(settings=value)

    def getSettings(self) -> list[str]:
        """The value of :py:attr:`settings`, or its default."""
        return self.getOrDefault(self.settings)
