"""Predicts rows with the model in use. See submit/docs/airflow.md."""

from finetune_operator import DAG, PARAMS, POINTER, InUseOperator, Param

with DAG(
    dag_id="finetune_predict",
    description="predictions of the model in use",
    schedule=None,
    catchup=False,
    default_args={"retries": 2},
    params={
        "input": Param(type="string", minLength=1, description="Rows to predict: file, folder, glob or table:NAME"),
        "output": Param(
            type="string",
            minLength=1,
            description="New folder of Parquet files, or table:NAME; each DAG run needs its own folder",
        ),
        **POINTER,
        **PARAMS,
    },
    tags=["spark-finetune"],
) as dag:
    # A retry continues what a killed command has begun, and changes nothing after its end.
    InUseOperator(
        task_id="predict",
        command="predict",
        args={"input": "{{ params.input }}", "output": "{{ params.output }}"},
    )
