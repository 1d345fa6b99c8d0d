"""The parts of the DAGs that need no Airflow: python3 -m unittest discover -s submit/airflow/tests"""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "dags"))

import finetune_commands as commands


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


if __name__ == "__main__":
    unittest.main()
