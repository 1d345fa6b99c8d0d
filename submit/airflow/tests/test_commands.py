"""The parts of the DAGs that need no Airflow: python3 -m unittest discover -s submit/airflow/tests"""

import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "dags"))

import finetune_commands as commands

ROOT = pathlib.Path(__file__).resolve().parents[3]


def status(code, time="12:00"):
    return json.dumps({"command": "train", "exit_code": code, "message": "why", "time": time})


class CommandsTest(unittest.TestCase):
    def test_each_dag_run_has_a_folder_that_hadoop_can_name(self):
        self.assertEqual(
            commands.run_folder("s3a://bucket/runs/", "manual__2026-11-26T13:00:00.5+00:00"),
            "s3a://bucket/runs/manual__2026-11-26T13-00-00.5-00-00",
        )

    def test_settings_are_json_or_as_given(self):
        self.assertEqual(
            commands.settings(
                {"data.train": "/a b.jsonl", "method.r": 8, "data.text": ["a", "ü"], "cluster.ranks": 2.5}
            ),
            ['data.train="/a b.jsonl"', "method.r=8", 'data.text=["a", "ü"]', "cluster.ranks=2.5"],
        )
        self.assertEqual(commands.settings(("method.r=8",)), ["method.r=8"])
        self.assertEqual(commands.settings(None), [])

    def test_output_dir_is_the_last_one(self):
        overrides = ["output.dir=/elsewhere", "training.max_steps=4", 'output.dir="/runs/one"']
        self.assertEqual(commands.output_dir(overrides), "/runs/one")
        self.assertIsNone(commands.output_dir(["output.dtype=bfloat16"]))

    def test_options_are_texts_lists_mappings_and_flags(self):
        options = {"input": "/mails", "per": None, "run_id": "one", "strict": True, "public": False, "together": 4}
        self.assertEqual(
            commands.arguments("predict", "hdfs:/run.yaml", ["method.r=8"], options),
            ["predict", "--config", "hdfs:/run.yaml", "--set", "method.r=8"]
            + ["--input", "/mails", "--run-id", "one", "--strict", "--together", "4"],
        )
        self.assertEqual(
            commands.arguments("tune", None, [], {"try": {"method.r": [8, 16], "training.seed": "1..9"}}),
            ["tune", "--try", "method.r=[8, 16]", "--try", "training.seed=1..9"],
        )
        self.assertEqual(
            commands.arguments("x", None, [], {"try": ["a=1", "b=2"]}), ["x", "--try", "a=1", "--try", "b=2"]
        )

    def test_metrics_for_other_tasks(self):
        metrics = {"train": {"steps": 4}, "test": {"accuracy": 0.9}, "confusion_matrix": {"labels": ["patient"]}}
        self.assertEqual(commands.measured(json.dumps(metrics)), {"train": {"steps": 4}, "test": {"accuracy": 0.9}})

    def test_a_new_status_says_more_than_spark_submit(self):
        error = "Cannot execute: spark-submit. Error code is: 1."
        self.assertEqual(commands.outcome(status(4), status(3, "12:01"), error), (3, "why"))
        self.assertEqual(commands.outcome(None, status(3), None), (3, "why"))
        lost = "Failed to poll for the driver status 10 times: returncode = 7"
        self.assertEqual(commands.outcome(status(4), status(0, "12:01"), lost)[0], 0)

    def test_an_old_status_says_nothing(self):
        self.assertEqual(commands.outcome(status(3), status(3), None), (0, None))
        killed = "Cannot execute: spark-submit. Error code is: -9.\nLast spark-submit output:\n"
        self.assertEqual(commands.outcome(status(3), status(3), killed), (-9, killed))

    def test_without_a_status_spark_submit_is_believed(self):
        for code in (2, 3, 4, 137):
            error = f"Cannot execute: spark-submit train. Error code is: {code}."
            self.assertEqual(commands.outcome(None, None, error), (code, error))
        lost = "Failed to poll for the driver status 10 times: returncode = 7"
        self.assertEqual(commands.outcome(None, None, lost), (None, lost))

    def test_futile_codes_are_those_of_finetune(self):
        self.assertEqual(set(commands.FUTILE), {2, 3})

    def test_airflow_names_file_systems_otherwise(self):
        for hadoop, fsspec in {
            "s3a://bucket/x": "s3://bucket/x",
            "file:/x": "/x",
            "file:///x": "/x",
            "/x": "/x",
            "hdfs://host/x": "hdfs://host/x",
        }.items():
            self.assertEqual(commands.readable(hadoop), fsspec)
        self.assertEqual(commands.readable("hdfs:/x/y", "name:9870"), "webhdfs://name:9870/x/y")
        self.assertEqual(commands.readable("hdfs://name:8020/x", "name:9870"), "webhdfs://name:9870/x")

    def test_the_pointer_says_whose_model_is_in_use(self):
        pointer = json.dumps({"promoted": {"run_id": "one"}, "by": "two", "previous": []})
        self.assertTrue(commands.is_promoted(pointer, "one"))
        self.assertFalse(commands.is_promoted(pointer, "two"))
        self.assertEqual(commands.run_in_use(json.dumps({"promoted": {"run": "file:/runs/one"}})), "file:/runs/one")

    def test_metrics_of_other_rows_are_in_their_folder(self):
        self.assertEqual(commands.metrics_file("train", "/run", {}), "/run/metrics.json")
        self.assertEqual(commands.metrics_file("evaluate", "/run", {"input": None}), "/run/metrics.json")
        self.assertEqual(commands.metrics_file("evaluate", "/run", {"input": "/x"}), "/run/evaluated/metrics.json")
        self.assertEqual(commands.metrics_file("evaluate", None, {"input": "/x", "output": "/y/"}), "/y/metrics.json")
        self.assertIsNone(commands.metrics_file("evaluate", None, {"input": "/x"}))
        self.assertIsNone(commands.metrics_file("predict", "/run", {}))

    def test_a_smaller_value_is_better_for_the_metrics_for_which_finetune_says_so(self):
        sources = ROOT.glob("finetune-core/src/main/java/io/github/sparkfinetune/core/metric/*Metrics.java")
        found = {name for file in sources for name in re.findall(r'new Metric\("(\w+)", false\)', file.read_text())}
        self.assertEqual(commands.LOWER_IS_BETTER, found)

    def test_a_fall_is_worse_than_the_promotion(self):
        for metric, after, fall in (("accuracy", 0.5, 0.25), ("accuracy", 1.0, -0.25), ("loss", 1.0, 0.25)):
            pointer = json.dumps({"promoted": {"metric": metric, "value": 0.75}})
            measured = commands.fallen(pointer, json.dumps({"test": {metric: after}}))
            self.assertEqual(measured, {"metric": metric, "promoted": 0.75, "value": after, "fall": fall})
            self.assertIsNone(commands.exceeded("fall", measured, 0.25))
            self.assertEqual(commands.exceeded("fall", measured, 0.2) is None, fall < 0)

    def test_a_value_that_is_missing_or_no_number_fails(self):
        pointer = json.dumps({"promoted": {"metric": "f1", "value": 0.75}})
        for metrics in ("{}", '{"test": {"accuracy": 1}}', '{"test": {"f1": NaN}}', '{"test": {"f1": "NaN"}}'):
            measured = commands.fallen(pointer, metrics)
            self.assertIsNone(measured["fall"])
            self.assertIn("f1 of the pointer was not measured", commands.exceeded("fall", measured, 1))

    def test_shares_of_labels(self):
        manifest = {"labels": ["a", "b"], "splits": {"train": {"rows_per_label": [3, 1]}}}
        trained = commands.trained_shares(json.dumps(manifest))
        self.assertEqual(trained, {"a": 0.75, "b": 0.25})
        metrics = {"confusion_matrix": {"labels": ["b", "a"], "counts": [[1, 0], [2, 1]]}}
        predicted = commands.predicted_shares(json.dumps(metrics))
        self.assertEqual(predicted, {"b": 0.75, "a": 0.25})
        self.assertEqual(commands.drift(trained, predicted), 0.5)
        self.assertEqual(commands.drift({"a": 1.0}, {"b": 1.0}), 1)
        measured = {"drift": 0.5, "predicted": predicted, "trained": trained}
        self.assertIsNone(commands.exceeded("drift", measured, 0.5))
        self.assertIn("more than max_drift 0.4", commands.exceeded("drift", measured, 0.4))

    def test_a_drift_without_labels_is_unknown(self):
        self.assertIsNone(commands.predicted_shares('{"test": {"loss": 1}}'))
        self.assertIsNone(commands.trained_shares('{"labels": [], "splits": {"train": {"rows_per_label": []}}}'))
        self.assertIsNone(commands.drift(None, {"a": 1.0}))
        self.assertIn("unknown", commands.exceeded("drift", {"drift": None}, 0.5))

    def test_the_newest_manifest_that_is_not_retired(self):
        names = ["manifest-9.json", "manifest-10.json", "manifest-11.json", "retired-11", "manifest-x.json", "train"]
        self.assertEqual(commands.newest_manifest(names), "manifest-10.json")
        self.assertIsNone(commands.newest_manifest(["train"]))


if __name__ == "__main__":
    unittest.main()
