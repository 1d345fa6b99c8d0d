"""Prepares, trains and evaluates a model, and promotes it if it is better than the one in use.

See submit/docs/airflow.md.
"""

from finetune_operator import DAG, PARAMS, POINTER, Param, PromoteOperator, TrainingOperator

with DAG(
    dag_id="finetune_train",
    description="prepare, train, evaluate, promote",
    schedule=None,
    catchup=False,
    # Concurrent DAG runs would compare with the same model in use.
    max_active_runs=1,
    default_args={"retries": 2},
    params={
        "config": Param(type="string", minLength=1, description="The run's YAML file; a path or a URI (hdfs:, s3a:)"),
        "overrides": Param(
            [], type="array", items={"type": "string"}, description="Keys of it, as data.train=hdfs:/mails"
        ),
        "output_root": Param(
            type="string",
            pattern=r"^(/|[A-Za-z0-9]+:)",
            description="Absolute path of the folder in which each DAG run has its output.dir",
        ),
        "metric": Param(
            None, type=["null", "string"], description="What is compared; training.metric_for_best_model unless set"
        ),
        "max_fall": Param(
            None,
            type=["null", "number"],
            minimum=0,
            description="The task promote fails if the metric is worse than that of the model in use by more than this",
        ),
        **POINTER,
        **PARAMS,
    },
    tags=["spark-finetune"],
) as dag:
    prepare = TrainingOperator(task_id="prepare", command="prepare")
    train = TrainingOperator(task_id="train", command="train")
    evaluate = TrainingOperator(task_id="evaluate", command="evaluate")
    promote = PromoteOperator(task_id="promote")
    prepare >> train >> evaluate >> promote
