"""Puts the model before the promoted one in use again. See submit/docs/airflow.md."""

from airflow import DAG
from finetune_operator import PARAMS, FinetuneOperator

with DAG(
    dag_id="finetune_rollback",
    description="the model before the promoted one",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2},
    params=PARAMS,
    tags=["spark-finetune"],
) as dag:
    # A retry of the same DAG run goes back only once.
    FinetuneOperator(task_id="rollback", command="rollback")
