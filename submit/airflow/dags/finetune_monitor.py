"""Measures the model in use on freshly labelled rows; fails if it has become worse or its labels have shifted.

See submit/docs/airflow.md.
"""

from finetune_operator import DAG, PARAMS, POINTER, CheckOperator, MonitorOperator, Param

with DAG(
    dag_id="finetune_monitor",
    description="metric and drift of the model in use",
    schedule=None,
    catchup=False,
    default_args={"retries": 2},
    params={
        "input": Param(type="string", minLength=1, description="Labelled rows: file, folder, glob or table:NAME"),
        "output": Param(type="string", minLength=1, description="Folder of metrics.json"),
        "max_fall": Param(
            type="number", minimum=0, description="By how much the pointer's metric may be worse than when promoted"
        ),
        "max_drift": Param(
            None,
            type=["null", "number"],
            minimum=0,
            maximum=1,
            description="Total variation distance between the shares of the predicted labels and of the training's",
        ),
        **POINTER,
        **PARAMS,
    },
    tags=["spark-finetune"],
) as dag:
    evaluate = MonitorOperator(
        task_id="evaluate", args={"input": "{{ params.input }}", "output": "{{ params.output }}"}
    )
    CheckOperator(task_id="metric", measured=evaluate.output, figure="fall")
    CheckOperator(task_id="drift", measured=evaluate.output, figure="drift")
