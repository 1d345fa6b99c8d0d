"""A DAG run of Airflow 3 as `airflow dags test` makes it, with its run_id from the date: dag_run.py DAG DATE CONF

`airflow dags test` takes the run_id from the time of the call there, so it cannot repeat a DAG run.

"""

import json
import sys

from airflow.sdk import timezone
from airflow.utils.cli import get_bagged_dag

dag_id, day, conf = sys.argv[1:]
date = timezone.parse(day)
run = get_bagged_dag(None, dag_id).test(run_after=date, logical_date=date, run_conf=json.loads(conf))
sys.exit(run.state != "success")
