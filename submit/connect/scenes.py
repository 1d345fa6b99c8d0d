"""Servers of Spark Connect, and the tests of the Python package against them."""

import contextlib
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from cluster import ROOT, SETTINGS, START_SECONDS, Failure, base_environment, free_port, fresh, jar
from processes import wait_until
from stock import venv

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
#: Spark's distribution contains the server from Spark 4 on. Not every version of 3.5 is on every mirror.
SERVER_JARS = (
    "https://repo1.maven.org/maven2/org/apache/spark/spark-connect_2.12/{0}/spark-connect_2.12-{0}.jar",
    ("{0}", "3.5.7"),
)
#: What the tests import beside the clients' own dependencies.
TOOLS = ("pytest==9.*", "matplotlib==3.*")
#: pyspark 3.5 needs numpy 1, which the newest versions of these libraries refuse.
OLDER = ("pyarrow==17.*", "pandas==2.*")
TESTS = ROOT / "submit/python/tests"
#: Room for two clients with two ranks each.
LOCAL = "local[4]"
TEST_SECONDS = 1200
STOP_SECONDS = 60
#: A client that has gone away loses its step after these times, 2 and 5 minutes by default. The client attaches again
#: to its step each time a stream ends.
STREAM_SECONDS = 10
DETACHED_SECONDS = 15


def of(version):
    """Returns the scenes of a version of Spark by name."""
    work = fresh(ROOT / f"submit/target/connect-run-{version}")
    older = OLDER if version.startswith("3.") else ()
    full = venv(ROOT / f"submit/target/connect-{version}", f"pyspark[connect]=={version}", *TOOLS, *older)
    clients = {"pyspark": full}
    if not version.startswith("3."):
        clients["pyspark-client"] = venv(
            ROOT / f"submit/target/connect-client-{version}", f"pyspark-client=={version}", *TOOLS
        )
    scenes = {"session with a JVM": lambda: classic(work, full)}
    for name, client in clients.items():
        scenes[name] = lambda name=name, client=client: tests(work, full, client, name, LOCAL, "not executors")
    scenes["on executors"] = lambda: tests(
        work, full, list(clients.values())[-1], "executors", "local-cluster[2,1,1024]", "executors"
    )
    return scenes


def home(folder):
    (found,) = folder.glob("lib/python*/site-packages/pyspark")
    return found


def environment(work, folder):
    return {
        **base_environment(home(folder)),
        "PYTHONPATH": str(ROOT / "submit/python/src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_FINETUNE_JAR": str(jar()),
        "SPARK_FINETUNE_CLASSIC": str(work / "classic"),
        # The cores of a rank are those of the server: another number of threads sums in another order.
        "SPARK_FINETUNE_MASTER": LOCAL,
    }


def pytest(python, log, arguments, variables):
    """Runs tests and returns pytest's last line."""
    with open(log, "w") as out:
        try:
            code = subprocess.run(
                [python / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT / "submit/python",
                env=variables,
                timeout=TEST_SECONDS,
            ).returncode
        except subprocess.TimeoutExpired:
            raise Failure(f"tests took longer than {TEST_SECONDS} s, see {log}") from None
    last = log.read_text(errors="replace").strip().split("\n")[-1]
    if code != 0:
        raise Failure(f"{last}, see {log}")
    return last


def classic(work, full):
    """Trains in a session with a JVM, whose metrics the other scenes expect."""
    return pytest(full, work / "classic.log", [TESTS / "test_connect.py", "-k", "classic"], environment(work, full))


def tests(work, full, client, name, master, selected):
    with server(work, full, name, master) as url:
        variables = environment(work, full)
        if client != full:
            # Nothing of a Spark with a JVM.
            variables = {key: value for key, value in variables.items() if not key.startswith("SPARK_HOME")}
        variables["SPARK_FINETUNE_REMOTE"] = url
        files = [TESTS / name for name in ("test_backends.py", "test_run.py", "test_connect.py")]
        return pytest(client, work / f"{name}.log", [*files, "-k", selected], variables)


def server_jar(version):
    """Returns the server's jar of Spark 3.5, None from Spark 4 on."""
    if not version.startswith("3."):
        return None
    url, versions = SERVER_JARS
    for one in versions:
        address = url.format(one.format(version))
        target = ROOT / "submit/target" / address.rpartition("/")[2]
        if target.exists():
            return target
        part = target.with_suffix(".part")
        try:
            with urllib.request.urlopen(address, timeout=60) as answer, open(part, "wb") as out:
                out.write(answer.read())
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise Failure(f"{address}: {error}") from None
            continue
        except OSError as error:
            raise Failure(f"{address}: {error}") from None
        os.replace(part, target)
        return target
    raise Failure(f"no server of {version} at {url}")


@contextlib.contextmanager
def server(work, full, name, master):
    """Starts a server and yields its URL."""
    port = free_port()
    version = work.name.rpartition("-")[2]
    jars = [str(path) for path in (jar(), server_jar(version)) if path]
    command = [home(full) / "bin/spark-submit", "--class", SERVER, "--master", master, "--jars", ",".join(jars)]
    settings = {
        **SETTINGS,
        "spark.connect.grpc.binding.port": port,
        "spark.connect.execute.reattachable.senderMaxStreamDuration": f"{STREAM_SECONDS}s",
        "spark.connect.execute.manager.detachedTimeout": f"{DETACHED_SECONDS}s",
        "spark.connect.execute.manager.maintenanceInterval": "5s",
        "spark.executor.heartbeatInterval": "1s",
        "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "1s",
        "spark.sql.shuffle.partitions": 2,
    }
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    log = work / f"{name}-server.log"
    with open(log, "w") as out:
        process = subprocess.Popen(
            [*map(str, command), "spark-internal"],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=work,
            env=environment(work, full),
            start_new_session=True,
        )
    try:
        if not wait_until(lambda: process.poll() is not None or listens(port), START_SECONDS, 0.2) or process.poll():
            raise Failure(f"the server did not start within {START_SECONDS} s, see {log}")
        yield f"sc://127.0.0.1:{port}"
    finally:
        stop(process)


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process):
    """Ends a server and its executors, which are of its process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue
