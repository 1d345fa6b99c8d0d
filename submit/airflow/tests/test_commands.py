"""The parts of the DAGs that need no Airflow: python3 -m unittest discover -s submit/airflow/tests"""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "dags"))

import finetune_commands as commands

PARAMS = {
    "config": "hdfs:/run.yaml",
    "overrides": ["training.max_steps=4", "output.dir=/elsewhere"],
    "output_root": "/runs/",
    "metric": None,
    "pointer": "/models/mails.json",
}


def status(code, time="12:00"):
    return json.dumps({"command": "train", "exit_code": code, "message": "why", "time": time})


class CommandsTest(unittest.TestCase):
    def test_each_dag_run_has_a_folder_that_hadoop_can_name(self):
        self.assertEqual(
            commands.run_folder("s3a://bucket/runs/", "manual__2026-11-26T13:00:00.5+00:00"),
            "s3a://bucket/runs/manual__2026-11-26T13-00-00.5-00-00",
        )

    def test_output_dir_is_the_dag_runs_whatever_the_overrides(self):
        self.assertEqual(
            commands.arguments("train", PARAMS, "one"),
            ["train", "--config", "hdfs:/run.yaml", "--set", "training.max_steps=4", "--set", "output.dir=/elsewhere"]
            + ["--set", "output.dir=/runs/one"],
        )

    def test_promote_and_rollback_say_who_they_are(self):
        promote = commands.arguments("promote", PARAMS, "one")
        self.assertEqual(promote[-4:], ["--pointer", "/models/mails.json", "--run-id", "one"])
        promote = commands.arguments("promote", {**PARAMS, "metric": "accuracy"}, "one")
        self.assertEqual(promote[-2:], ["--metric", "accuracy"])
        self.assertEqual(
            commands.arguments("rollback", {"pointer": "/models/mails.json"}, "two"),
            ["rollback", "--pointer", "/models/mails.json", "--run-id", "two"],
        )

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

    def test_the_pointer_says_whose_model_is_in_use(self):
        pointer = json.dumps({"promoted": {"run_id": "one"}, "by": "two", "previous": []})
        self.assertTrue(commands.is_promoted(pointer, "one"))
        self.assertFalse(commands.is_promoted(pointer, "two"))


if __name__ == "__main__":
    unittest.main()
