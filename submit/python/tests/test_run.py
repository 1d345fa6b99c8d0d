"""Runs in the notebook's session write and report the same as the commands."""

import json
import pathlib

import pandas
import pyarrow
import pytest
from matplotlib import pyplot
from pyspark.sql.functions import col
from spark_finetune import ConfigError, DataError, Run, compare, explain_filters


@pytest.fixture
def run(spark, mails, config):
    return Run(spark, config, {"training.seed": 3}, train=mails)


def test_dataset_tells_lengths_labels_and_samples(spark, mails, config):
    unusable = spark.createDataFrame([(98, None, "cat"), (99, "a cat and a cat 0", "cat")], mails.schema)
    dataset = Run(
        spark, config, {"data.max_bad_fraction": 0.1, "data.deduplicate": True}, train=mails.union(unusable)
    ).prepare()

    assert dataset.splits == ["train", "test"]
    assert dataset.labels == ["cat", "dog"]
    assert dataset.rows() + dataset.rows("test") == 40
    assert sum(dataset.label_counts().values()) == dataset.rows()
    assert sum(dataset.lengths().values()) == dataset.rows()
    assert dataset.dropped == {"no_text": 1, "duplicates": 1}
    assert dataset.funnel[0].count == 42
    samples = dataset.samples().collect()
    assert len(samples) == dataset.rows()
    assert sum(row["tokens"] for row in samples) == dataset.tokens()
    assert all(("cat" in row["text"]) == (dataset.labels[row["label"]] == "cat") for row in samples)
    html = dataset._repr_html_()
    assert "From rows to samples" in html and "duplicates" in html and "<script" not in html


def test_init_finds_the_run_that_fits(spark, mails, config, capsys, tmp_path):
    run = Run.init(spark, mails, config["model"], str(tmp_path / "found"), settings={"training.max_steps": 3})

    assert "task        classification" in capsys.readouterr().out
    assert run.output_dir == str(tmp_path / "found") and run.config["training"]["max_steps"] == 3
    assert run.config["data"]["train"].startswith("table:rows_40_") and run.plan().refusal is None
    with pytest.raises(ConfigError, match="no columns that a task needs, its columns are id"):
        Run.init(spark, mails.select("id"), config["model"], str(tmp_path / "none"))


def test_run_is_trained_measured_and_found_again(spark, mails, run, config, capfd, tmp_path):
    plan = run.plan()
    assert "memory of a rank" in str(plan) and plan.refusal is None
    dataset = run.prepare()
    metrics = run.train().evaluate()

    assert metrics["test"]["accuracy"] > 0.9
    assert [record["step"] for record in run.history][-1] == metrics["train"]["steps"]
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    assert "Confusion matrix" in metrics._repr_html_() and "f1 macro" in metrics._repr_html_()
    report = run.report
    assert report.html == pathlib.Path(config["output"]["dir"], "report.html").read_text()
    assert 'sandbox="allow-scripts"' in report._repr_html_() and "<script" not in report._repr_html_()
    assert "box-sizing:border-box" in report._repr_html_()
    said = capfd.readouterr().err
    assert all(part in said for part in ("prepare   32 train rows", "/16  loss ", "  done\n", "\ntest      ")), said

    predicted = run.predict(mails).select("id", "label", "prediction.*").collect()
    assert [row["id"] for row in predicted] == list(range(40))
    assert sum(row["label"] == row["prediction"] for row in predicted) > 36

    other = run.evaluate([row.asDict() for row in mails.collect()])
    right = sum(row["label"] == row["prediction"] for row in predicted)
    assert other["test"]["accuracy"] == right / 40 and "Confusion matrix" in other._repr_html_()
    assert run.metrics == metrics
    with pytest.raises(ConfigError, match="has no column label, its columns are id, text"):
        run.evaluate(mails.drop("label"))

    Run.register(spark, "pet", config["output"]["dir"])
    mails.createOrReplaceTempView("mails_for_sql")
    said = spark.sql("SELECT id, pet(text) AS prediction FROM mails_for_sql").collect()
    assert [row["prediction"] for row in said] == [row["prediction"] for row in predicted]
    with pytest.raises(DataError, match="run.yaml"):
        Run.register(spark, "pet", str(tmp_path))

    pointer = tmp_path / "in-use.json"
    run.promote(str(pointer), metric="accuracy", run_id="first")
    assert json.loads(pointer.read_text())["promoted"]["run_id"] == "first"
    with pytest.raises(ConfigError, match="gives texts no vectors"):
        run.mine(str(tmp_path / "negatives"))
    assert "classification" in run._repr_html_() and "accuracy" in run._repr_html_()
    with pytest.raises(ConfigError, match="--metric: speed is not measured"):
        run.promote(str(pointer), metric="speed")

    folder = config["output"]["dir"] + "-explained"
    mails.select("text", "label").limit(2).write.parquet(folder + "/rows")
    for row in run.explain(folder + "/rows", folder + "/reasons", documents=3).collect():
        assert 1 <= len(row["supporting"]) <= 3 and row["supporting"][0]["label"] == row["label"]

    document = tmp_path / "mail.txt"
    document.write_text(mails.first()["text"])
    capfd.readouterr()
    run.command("trace", text_file=str(document))
    assert "source    data.train: 1 row" in capfd.readouterr().err
    with pytest.raises(ConfigError, match="the call has an argument file"):
        run.command("trace", file=str(document))
    with pytest.raises(ConfigError, match="there is no step lose"):
        run.command("lose")

    again = Run.open(spark, config["output"]["dir"])
    assert again.metrics == metrics and again.config["training"]["seed"] == 3
    assert again.dataset.rows() == dataset.rows()
    rows = {row[0]: row[1:] for row in compare({"first": run, "second": again}).rows()}
    assert rows["test accuracy"] == [metrics["test"]["accuracy"]] * 2 and rows["train steps"] == [16, 16]

    with pytest.raises(ConfigError, match="give it where, hash, text_file or subject"):
        run.erase()
    with pytest.raises(DataError, match="is in no row of the sources: nothing was changed"):
        run.erase(where="id=4711")
    assert run.erase(where="id=7", plan=True) == []
    (erasure,) = run.erase(where="id=7")
    assert erasure["finished"] and erasure["changes"]["model_after"] != erasure["changes"]["model_before"]
    assert run.metrics["test"]


def test_rows_and_results_are_what_notebooks_hold(spark, config, tmp_path):
    texts = [("a cat and a cat " if i % 2 == 0 else "the dog of a dog ") + str(i) for i in range(40)]
    rows = [{"text": text, "label": "cat" if "cat" in text else "dog"} for text in texts]
    settings = {"data.eval_fraction": 0.2, "training.eval_steps": 4}
    run = Run(spark, config, settings, train=rows).run()
    for same in (pandas.DataFrame(rows), pyarrow.Table.from_pylist(rows)):
        assert Run(spark, config, settings, train=same).config["data"]["train"] == run.config["data"]["train"]

    predicted = run.predict(texts).toPandas()
    assert list(predicted["text"]) == texts
    assert predicted.apply(lambda row: row["prediction"]["prediction"] in row["text"], axis=1).sum() > 36
    for same in (pandas.DataFrame({"text": texts}), pyarrow.table({"text": texts}), [{"text": text} for text in texts]):
        assert run.predict(same).collect() == run.predict(texts).collect()
    for wrong, message in (
        ([], "an empty list has no rows"),
        (["a cat", 7], "is a list of int, str: give a DataFrame"),
        ("a cat", "a str has no rows"),
        ([{"words": "a cat"}], "has no column text"),
    ):
        with pytest.raises((ConfigError, DataError), match=message) as caught:
            run.predict(wrong)
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="train: texts alone have no columns"):
        Run(spark, config, train=texts)

    history = run.history.to_pandas()
    assert list(history["loss"].dropna()) == [record["loss"] for record in run.history if "loss" in record]
    assert history["eval_accuracy"].dropna().size == history["step"].max() // 4
    assert "eval accuracy" in run.history._repr_html_()
    metrics = run.metrics.to_pandas().set_index("metric")["value"]
    assert metrics["accuracy"] == run.metrics["test"]["accuracy"]
    compared = compare({"one": run}).to_pandas()
    assert list(compared.columns) == ["figure", "one"] and "test accuracy" in list(compared["figure"])
    pyplot.switch_backend("agg")
    lines = run.history.plot().get_lines()
    assert [line.get_label() for line in lines] == ["loss", "eval loss"]
    assert [label.get_text() for label in run.metrics.plot().get_xticklabels()] == ["cat", "dog"]
    pyplot.close("all")
    assert "background:rgba" in run.metrics._repr_html_()

    lora = {"method.type": "lora", "training.max_steps": 2, "output.dir": str(tmp_path / "lora")}
    merged = Run(spark, config, lora, train=rows).run().merge(str(tmp_path / "merged"))
    assert (pathlib.Path(merged) / "config.json").exists()
    with pytest.raises(ConfigError, match="merged exists"):
        Run.open(spark, lora["output.dir"]).merge(merged)


def test_search_and_groups_are_runs(spark, mails, config):
    best = Run(
        spark, config, {"data.eval_fraction": 0.2, "training.max_steps": 4, "training.num_train_epochs": 1}, train=mails
    ).tune({"training.learning_rate": [1e-6, 5e-3]}, together=2)
    assert best.config["training"]["learning_rate"] == 5e-3 and best.metrics["test"]
    search = best.search
    assert [trial["name"] for trial in search.trials] == ["002", "001"] and search.best == "002"
    assert search.rows()[0][1] == "5e-3" or float(search.rows()[0][1]) == 5e-3
    assert "training.learning_rate" in search._repr_html_() and "2 trials" in repr(search)
    with pytest.raises(ConfigError, match="--try"):
        best.tune({})

    offices = mails.withColumn("office", (col("id") / 2 % 2).cast("int"))
    folder = config["output"]["dir"] + "-groups"
    settings = {"output.dir": folder, "cluster.ranks": 1, "training.max_steps": 4, "data.test_fraction": 0.3}
    run = Run(spark, config, settings, train=offices)
    with pytest.raises(DataError, match="groups.json does not exist"):
        len(run.per("office"))
    groups = run.per("office").run(together=2)
    assert list(groups) == ["0", "1"] and groups["1"].metrics["test"] and "groups" in groups["1"].output_dir
    assert [row[0] for row in groups.compare().rows()][0].startswith("test")
    assert "office" in groups.report.html
    rows = groups.predict(offices, "said").select("id", "office", "said.prediction").collect()
    assert [row["id"] for row in rows] == list(range(40))
    offices.createOrReplaceTempView("offices")
    written = groups.predict_files("table:offices", f"{folder}-predicted")
    assert written.count() == 40
    with pytest.raises(KeyError):
        groups["7"]
    with pytest.raises(ConfigError, match="the models are per office"):
        run.per("label").predict(offices)


def test_equal_rows_are_the_same_run_and_others_another(spark, mails, run, config):
    run.prepare()
    reordered = mails.orderBy(col("id").desc()).repartition(3)
    assert (
        Run(spark, config, {"training.seed": 3}, train=reordered).config["data"]["train"] == run.config["data"]["train"]
    )
    other = Run(spark, config, {"training.seed": 3}, train=mails.where("id < 30"))
    assert other.config["data"]["train"] != run.config["data"]["train"]
    with pytest.raises(ConfigError, match="prepared with other source files"):
        other.prepare()


def test_errors_are_one_line_of_the_kind_that_the_exit_code_has(spark, mails, run, config):
    with pytest.raises(ConfigError, match="unknown key training.max_stepz; did you mean training.max_steps"):
        Run(spark, config, {"training.max_stepz": 3}, train=mails)
    with pytest.raises(ConfigError, match="^config:1: .*unknown key taks") as raised:
        Run(spark, {**config, "taks": "sft"}, train=mails)
    assert raised.value.exit_code == 2 and "\n" not in str(raised.value)
    with pytest.raises(ConfigError, match="no such file"):
        Run(spark, "nowhere.yaml")
    with pytest.raises(DataError, match="prepare"):
        _ = run.dataset
    with pytest.raises(DataError, match="train first"):
        _ = run.report
    with pytest.raises(DataError, match="no run.yaml"):
        Run.open(spark, config["output"]["dir"])
    empty = Run(spark, config, train=mails.limit(0))
    with pytest.raises(DataError, match="has no rows") as raised:
        empty.prepare()
    assert raised.value.exit_code == 3
    status = json.loads(pathlib.Path(config["output"]["dir"], "status.json").read_text())
    assert status["exit_code"] == 3 and status["message"] == str(raised.value)


def test_filters_say_what_they_would_drop(spark):
    good = "The quick brown fox that was here has gone to the woods with a friend, and nobody of them came back. " * 8
    rows = spark.createDataFrame(
        [(1, good + "Write to a.b@example.org."), (2, "too short"), (3, " "), (4, None)], "id int, body string"
    )
    verdicts = explain_filters(rows, {"filters": ["gopher_quality"], "mask": ["email"]}, input_col="body")

    traces = {row["id"]: row for row in verdicts.collect()}
    assert (
        traces[1]["dropped_because"] is None
        and "<EMAIL>" in traces[1]["cleaned_text"]
        and traces[1]["masked"] == {"email": 1}
    )
    assert traces[2]["dropped_because"] == "gopher_quality.min_doc_words"
    assert traces[3]["dropped_because"] == "empty_text" and traces[3]["cleaned_text"] is None
    assert traces[4]["dropped_because"] == "no_text"
    with pytest.raises(ConfigError, match="gopher_qualitty"):
        explain_filters(rows, {"filters": ["gopher_qualitty"]}, input_col="body")
    with pytest.raises(ConfigError, match="no column text"):
        explain_filters(rows, {"filters": ["c4"]})
