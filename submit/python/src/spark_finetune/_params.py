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


class TextClassifierModelParams(JavaParams):
    """Parameters of :class:`spark_finetune.ml.TextClassifierModel`."""

    batchSize: Param[int] = Param(
        Params._dummy(),
        "batchSize",
        "texts that are computed together",
        TypeConverters.toInt,
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
        "column of what the model says; empty: none",
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
        "column of their natural logarithms; empty: none",
        TypeConverters.toString,
    )
    topK: Param[int] = Param(
        Params._dummy(),
        "topK",
        "labels in top_k",
        TypeConverters.toInt,
    )

    def __init__(self, java_model: Any | None = None) -> None:
        super().__init__(java_model)
        self._setDefault(
            inputCol="text",
            numericLabels=False,
            outputCol="",
            predictionCol="prediction",
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
        "column of what the model is trained to say",
        TypeConverters.toString,
    )
    learningRate: Param[float] = Param(
        Params._dummy(),
        "learningRate",
        "highest learning rate",
        TypeConverters.toFloat,
    )
    maxLength: Param[int] = Param(
        Params._dummy(),
        "maxLength",
        "longest sample in tokens",
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
        "folder of a model in Hugging Face layout, or its name on the Hub",
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
        "folder in which each fit makes a run's folder of its own",
        TypeConverters.toString,
    )
    perDeviceTrainBatchSize: Param[int] = Param(
        Params._dummy(),
        "perDeviceTrainBatchSize",
        "samples of a rank in a step",
        TypeConverters.toInt,
    )
    predictionCol: Param[str] = Param(
        Params._dummy(),
        "predictionCol",
        "column of what the model says",
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
        "column of their natural logarithms; empty: none",
        TypeConverters.toString,
    )
    seed: Param[int] = Param(
        Params._dummy(),
        "seed",
        "derives all that is drawn",
        TypeConverters.toInt,
    )
    settings: Param[list[str]] = Param(
        Params._dummy(),
        "settings",
        "further keys of a run: section.key=value, as --set takes",
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
