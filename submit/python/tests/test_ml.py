"""The estimators and models work like pyspark's own: pipelines, cross-validation, saving and loading."""

import pytest
from conftest import MODEL, MODELS
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import IndexToString, StringIndexer
from pyspark.ml.tuning import CrossValidator, CrossValidatorModel, ParamGridBuilder
from pyspark.sql.functions import col
from spark_finetune import ConfigError, DataError
from spark_finetune.ml import (
    GroupedModel,
    GroupedTrainer,
    LanguageModel,
    LanguageModelTrainer,
    QuestionAnswererModel,
    QuestionAnswererTrainer,
    TextClassifierModel,
    TextClassifierTrainer,
    TextEmbedder,
    TextEvaluator,
    TextRedactor,
    TextTokenizer,
    TokenClassifierModel,
    TokenClassifierTrainer,
)


@pytest.fixture
def trainer(tmp_path):
    return TextClassifierTrainer(
        model=MODEL,
        outputDir=str(tmp_path / "fits"),
        maxLength=16,
        numTrainEpochs=4,
        perDeviceTrainBatchSize=4,
        learningRate=5e-3,
        ranks=2,
        seed=1,
    )


def test_model_predicts_and_comes_back_from_its_folder(spark, mails, trainer, tmp_path):
    model = trainer.fit(mails)
    assert isinstance(model, TextClassifierModel) and model.labels() == ["cat", "dog"]
    assert model.getNumericLabels() is False
    model.setOutputCol("djl").setTopK(1)

    rows = model.transform(mails).collect()
    assert sum(row["label"] == row["prediction"] for row in rows) > 36
    assert all(row["djl"]["top_k"] == [row["prediction"]] for row in rows)
    assert all(abs(sum(row["probability"]) - 1) < 1e-6 for row in rows)

    model.write().save(str(tmp_path / "saved"))
    for again in (TextClassifierModel.load(str(tmp_path / "saved")), TextClassifierModel.ofRun(model.runDir())):
        probabilities = [row["probability"] for row in again.transform(mails).collect()]
        assert probabilities == [row["probability"] for row in rows]
    assert TextClassifierModel.load(str(tmp_path / "saved")).getTopK() == 1


def test_fit_shows_its_progress_and_leaves_a_run(spark, mails, trainer, capsys):
    trainer.setValidationIndicatorCol("held")
    model = trainer.fit(mails.withColumn("held", col("id") % 4 == 0))

    assert "train     [" in capsys.readouterr().err
    assert [record["step"] for record in model.history][-1] == model.run.metrics["train"]["steps"]
    assert model.metrics["test"]["accuracy"] > 0.7
    assert model.evaluate(mails)["test"]["accuracy"] > 0.7
    assert "<html" in model.report().html
    assert "bert-seqcls" in model._repr_html_() and "Confusion matrix" in model._repr_html_()
    again = model.run.model()
    assert isinstance(again, TextClassifierModel) and again.runDir() == model.runDir()
    assert "is done already" not in capsys.readouterr().err
    assert trainer.fit(mails.withColumn("held", col("id") % 4 == 0)).runDir() == model.runDir()
    assert "is done already" in capsys.readouterr().err


def test_pipeline_is_cross_validated_over_two_lora_ranks(spark, mails, trainer, tmp_path):
    trainer.setMethod("lora").setLabelCol("number").setNumTrainEpochs(6).setLearningRate(2e-2)
    pipeline = Pipeline(
        stages=[
            StringIndexer(inputCol="label", outputCol="number", stringOrderType="alphabetAsc"),
            trainer,
            IndexToString(inputCol="prediction", outputCol="named", labels=["cat", "dog"]),
        ]
    )
    grid = ParamGridBuilder().addGrid(trainer.settings, [["method.r=2"], ["method.r=8"]]).build()
    best = CrossValidator(
        estimator=pipeline,
        estimatorParamMaps=grid,
        evaluator=MulticlassClassificationEvaluator(labelCol="number", metricName="accuracy"),
        numFolds=2,
        seed=1,
    ).fit(mails)

    assert len(best.avgMetrics) == 2 and max(best.avgMetrics) > 0.8
    fitted = best.bestModel.stages[1]
    ranks = [
        spark.read.json(spark.sparkContext.wholeTextFiles(f"{fitted.runDir()}/model/adapter_config.json").values())
    ]
    assert ranks[0].head()["r"] == [2, 8][best.avgMetrics.index(max(best.avgMetrics))]

    assert fitted.labels() == ["cat", "dog"] and fitted.numClasses == 2
    named = [row["named"] for row in best.transform(mails).collect()]
    assert sum(one == row["label"] for one, row in zip(named, mails.collect(), strict=True)) > 30
    best.bestModel.write().save(str(tmp_path / "pipeline"))
    again = PipelineModel.load(str(tmp_path / "pipeline"))
    assert isinstance(again.stages[1], TextClassifierModel) and again.stages[1].getNumericLabels()
    assert [row["named"] for row in again.transform(mails).collect()] == named
    best.write().save(str(tmp_path / "validated"))
    assert CrossValidatorModel.load(str(tmp_path / "validated")).avgMetrics == best.avgMetrics


def test_labels_need_no_numbers_in_a_cross_validation(mails, trainer, tmp_path):
    trainer.setNumTrainEpochs(8)
    evaluator = TextEvaluator(labelCol="label", metricName="f1_macro")
    best = CrossValidator(
        estimator=trainer,
        estimatorParamMaps=ParamGridBuilder().addGrid(trainer.learningRate, [1e-6, 5e-3]).build(),
        evaluator=evaluator,
        numFolds=2,
        seed=1,
    ).fit(mails)

    assert best.avgMetrics[1] > max(best.avgMetrics[0], 0.9)
    assert evaluator.evaluate(best.transform(mails)) == best.bestModel.evaluate(mails)["test"]["f1_macro"]
    evaluator.write().save(str(tmp_path / "evaluator"))
    assert TextEvaluator.load(str(tmp_path / "evaluator")).getMetricName() == "f1_macro"
    with pytest.raises(ConfigError, match="metricName is speed: for classification set it to one of accuracy"):
        TextEvaluator(metricName="speed").evaluate(mails.withColumn("prediction", col("label")))


def test_each_group_has_a_model(spark, mails, trainer, tmp_path):
    offices = mails.withColumn("office", (col("id") / 2 % 2).cast("int"))
    trainer.setMethod("lora").setSettings(["method.r=2", "training.max_steps=4"]).setRanks(1)
    model = GroupedTrainer(groupCol="office", parallelism=2).setTrainer(trainer).fit(offices)

    assert isinstance(model, GroupedModel) and model.groups() == ["0", "1"] and model.getGroupCol() == "office"
    assert isinstance(model.model("1"), TextClassifierModel) and model.model("1").labels() == ["cat", "dog"]
    rows = model.transform(offices).collect()
    assert [row["id"] for row in rows] == list(range(40))
    alone = model.model("1").transform(offices.where("office = 1")).collect()
    assert [row["probability"] for row in rows if row["office"] == 1] == [row["probability"] for row in alone]
    model.write().save(str(tmp_path / "groups"))
    again = GroupedModel.load(str(tmp_path / "groups")).transform(offices).collect()
    assert [row["probability"] for row in again] == [row["probability"] for row in rows]
    with pytest.raises(ConfigError, match="set it with setTrainer"):
        GroupedTrainer(groupCol="office").fit(offices)
    with pytest.raises(DataError, match="no model for office 7"):
        model.model("7")


def test_estimator_is_saved_with_its_parameters(trainer, tmp_path):
    trainer.setSettings(["method.r=4"])
    trainer.write().save(str(tmp_path / "trainer"))
    again = TextClassifierTrainer.load(str(tmp_path / "trainer"))
    assert again.getSettings() == ["method.r=4"] and again.getLearningRate() == 5e-3 and again.uid == trainer.uid


def test_errors_are_lines(spark, mails, trainer, tmp_path):
    with pytest.raises(ConfigError, match="training.max_stepz"):
        trainer.setSettings(["training.max_stepz=1"]).fit(mails)
    with pytest.raises(DataError, match="run.yaml"):
        TextClassifierModel.ofRun(str(tmp_path))


def small(tmp_path, model, **params):
    """Parameters of a short training of a golden model."""
    return dict(
        model=f"{MODELS}/{model}",
        outputDir=str(tmp_path / "fits"),
        maxLength=32,
        ranks=2,
        seed=1,
        numTrainEpochs=1,
        **params,
    )


def test_words_are_tagged(spark, tmp_path):
    rows = spark.createDataFrame([(["a", "cat", str(i)], ["O", "B-PET", "O"]) for i in range(16)], ["words", "tags"])
    model = TokenClassifierTrainer(**small(tmp_path, "bert-tokencls")).fit(rows)
    assert isinstance(model, TokenClassifierModel) and sorted(model.labels()) == ["B-PET", "O"]
    assert all(len(row["prediction"]) == 3 for row in model.transform(rows).collect())


def test_questions_are_answered_by_parts_of_a_text(spark, tmp_path):
    schema = "question string, context string, answers struct<text: array<string>, answer_start: array<int>>"
    rows = spark.createDataFrame([("who ran?", f"the cat ran {i}", (["cat"], [4])) for i in range(16)], schema)
    model = QuestionAnswererTrainer(**small(tmp_path, "bert-qa")).fit(rows)
    assert isinstance(model, QuestionAnswererModel)
    said = model.setInputCols(["question", "context"]).setAnswerCol("answer").transform(rows).collect()
    assert all(row["answer"]["answer"] == row["prediction"] and row["prediction"] in row["context"] for row in said)


def test_prompts_are_answered(spark, tmp_path):
    rows = spark.createDataFrame([(f"what is {i}?", f"it is {i} {i}") for i in range(16)], ["question", "answer"])
    params = small(tmp_path, "llama-tied", method="lora", inputCol="question", labelCol="answer")
    model = LanguageModelTrainer(task="sft", **params).fit(rows)
    # The model has the values that the trainer found.
    assert isinstance(model, LanguageModel) and model.getChat() is False
    said = model.setMaxNewTokens(4).transform(rows).collect()
    assert all(isinstance(row["prediction"], str) for row in said)


def test_texts_are_redacted(spark, tmp_path):
    rows = spark.createDataFrame([("Ask ann@example.com",), (None,)], "text string")
    redactor = TextRedactor(outputCol="clean", entities=["EMAIL_ADDRESS"], operators=["EMAIL_ADDRESS=mask"])
    redactor.write().save(str(tmp_path / "redactor"))
    for stage in (redactor, TextRedactor.load(str(tmp_path / "redactor"))):
        assert [row["clean"] for row in stage.transform(rows).collect()] == ["Ask " + 15 * "*", None]


def test_texts_are_tokenized_and_embedded(spark, mails, tmp_path):
    tokenizer = TextTokenizer(model=MODEL, maxLength=8)
    ids = [row["input_ids"] for row in tokenizer.transform(mails).collect()]
    assert {len(one) for one in ids} == {8} and len({one[0] for one in ids}) == 1
    pipeline = Pipeline(stages=[tokenizer, TextEmbedder(model=MODEL, maxLength=8, normalize=True)]).fit(mails)
    rows = pipeline.transform(mails).collect()
    assert all(abs(row["embedding"].norm(2) - 1) < 1e-5 for row in rows)
    pipeline.write().save(str(tmp_path / "pipeline"))
    again = PipelineModel.load(str(tmp_path / "pipeline"))
    assert isinstance(again.stages[1], TextEmbedder) and again.stages[1].getNormalize()
    assert [row["embedding"] for row in again.transform(mails).collect()] == [row["embedding"] for row in rows]
