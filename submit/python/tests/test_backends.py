"""What needs no session: the kind of a session, steps that are watched, errors of Spark Connect."""

import os
import signal
import threading

import pytest
from pyspark.errors.exceptions.connect import AnalysisException, SparkConnectGrpcException
from spark_finetune import ConfigError, FailedError
from spark_finetune._backend import is_connect
from spark_finetune._connect import ConnectBackends, _error
from spark_finetune.progress import watch


class Step:
    """A step that begins late and ends when it is cancelled."""

    poll_seconds = 0.01

    def __init__(self, interrupted):
        self.interrupted = interrupted
        self.begun = threading.Event()
        self.cancelled = threading.Event()
        self.cancels = 0

    def thread(self, target):
        return threading.Thread(target=target, daemon=True)

    def run(self):
        if not self.cancelled.wait(60 if self.interrupted else 0):
            return
        raise FailedError("interrupted")

    def shown(self):
        if self.interrupted:
            raise KeyboardInterrupt
        return {"lines": ["one", "two"], "line": "three", "share": 0.5}

    def cancel(self):
        self.cancels += 1
        if self.cancels < 3:
            return False
        self.cancelled.set()
        return True


def test_interrupt_cancels_a_step_that_has_not_begun():
    step = Step(interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        watch("train", step)
    assert step.cancels == 3 and step.cancelled.is_set()


def test_interrupt_of_a_wait_cancels_the_step():
    step = Step(interrupted=True)
    # The main thread is then waiting for the step.
    step.shown = lambda: {"lines": [], "line": "", "share": 0.0}
    step.poll_seconds = 60
    interrupt = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    step.cancels = 2
    with pytest.raises(KeyboardInterrupt):
        watch("train", step)
    assert step.cancels == 3 and step.cancelled.is_set()


def test_lines_are_printed_and_the_last_one_is_finished(capfd):
    watch("train", Step(interrupted=False))
    assert capfd.readouterr().err == "one\ntwo\nthree\n"


def test_failure_of_a_step_is_raised():
    step = Step(interrupted=False)
    step.cancelled.set()
    with pytest.raises(FailedError, match="interrupted"):
        watch("train", step)


def test_session_of_spark_connect_is_known_by_its_module():
    session = type("SparkSession", (), {"__module__": "pyspark.sql.connect.session"})
    assert is_connect(session()) and is_connect(type("Own", (session,), {})())
    assert not is_connect(type("SparkSession", (), {"__module__": "pyspark.sql.session"})())


def test_errors_of_the_server_have_their_kind():
    source = "io.github.sparkfinetune.job.connect.CallSource"
    missing = _error(AnalysisException(f"[DATA_SOURCE_NOT_FOUND] Failed to find the data source: {source}."))
    assert isinstance(missing, ConfigError) and "start the server with --jars" in str(missing)
    cancelled = _error(
        SparkConnectGrpcException("(SparkSQLException) [OPERATION_CANCELED] Operation has been canceled.")
    )
    assert isinstance(cancelled, FailedError) and "what is done stays done" in str(cancelled)
    unknown = _error(SparkConnectGrpcException("two\n  lines"))
    assert isinstance(unknown, FailedError) and str(unknown) == "two lines"
    assert _error(AnalysisException("[TABLE_OR_VIEW_NOT_FOUND] The table cannot be found.")) is None


def test_configuration_file_is_one_of_this_machine(tmp_path):
    with pytest.raises(ConfigError, match="nowhere.yaml: no such file"):
        ConnectBackends(None).of_file("nowhere.yaml", [], None)
    with pytest.raises(ConfigError, match="cannot be read"):
        ConnectBackends(None).of_file(str(tmp_path), [], None)
