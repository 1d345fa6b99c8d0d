"""Puts the model before the promoted one in use again. See submit/docs/airflow.md."""

from finetune_operator import DAG, MODEL_IN_USE, PARAMS, POINTER, FinetuneOperator

with DAG(
    dag_id="finetune_rollback",
    description="the model before the promoted one",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2},
    params={**POINTER, **PARAMS},
    tags=["spark-finetune"],
) as dag:
    # A retry of the same DAG run goes back only once.
    FinetuneOperator(
        task_id="rollback",
        command="rollback",
        args={"pointer": "{{ params.pointer }}", "run_id": "{{ run_id }}"},
        outlets=[MODEL_IN_USE],
    )
