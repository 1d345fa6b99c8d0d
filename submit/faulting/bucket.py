"""A bucket of a real S3 server, moto of PyPI, which pip installs once into submit/target/moto."""

import pathlib
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree

from cluster import ROOT, START_SECONDS, Failure, free_port

HOME = ROOT / "submit/target/moto"
PACKAGES = ["moto[s3]==5.2.5", "flask", "flask-cors"]
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
NAME = "predictions"
# The server reads who signs, and does not check the signature.
SIGNED = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Bucket:
    """The bucket of a server of its own, which ends with the block that uses it."""

    def __enter__(self):
        if not HOME.exists():
            staged = HOME.with_suffix(".part")
            pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(staged), *PACKAGES]
            if subprocess.run(pip, check=False).returncode != 0:
                raise Failure("pip cannot install moto: see above")
            staged.rename(HOME)
        self.port = free_port()
        main = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{self.port}'])"
        self._log = open(HOME.with_suffix(".log"), "w")
        self._server = subprocess.Popen(
            [sys.executable, "-c", main], env={"PYTHONPATH": str(HOME)}, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._await()
        self._call("PUT", "")
        return self

    def __exit__(self, *error):
        self._server.kill()
        self._server.wait()
        self._log.close()

    def _await(self):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self._server.poll() is not None or time.monotonic() > end:
                    raise Failure(f"moto does not start, see {self._log.name}") from None
                time.sleep(0.05)

    def _call(self, method, path):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{NAME}{path}", method=method, headers={"Authorization": SIGNED}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def settings(self):
        """Returns the settings of a session that reaches the bucket."""
        keys = {
            "endpoint": f"http://127.0.0.1:{self.port}",
            "endpoint.region": "us-east-1",
            "path.style.access": "true",
            "access.key": "any",
            "secret.key": "any",
        }
        return {f"spark.hadoop.fs.s3a.{key}": value for key, value in keys.items()}

    def download(self, prefix, folder):
        """Copies the objects below a prefix into a folder."""
        token = ""
        while token is not None:
            query = urllib.parse.urlencode({"list-type": 2, "prefix": prefix, "continuation-token": token})
            if not token:
                query = query.replace("&continuation-token=", "")
            listed = xml.etree.ElementTree.fromstring(self._call("GET", f"?{query}"))
            for key in listed.iter(f"{NAMESPACE}Key"):
                file = pathlib.Path(folder) / key.text.removeprefix(prefix).lstrip("/")
                if key.text.endswith("/"):
                    continue
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self._call("GET", "/" + urllib.parse.quote(key.text)))
            token = listed.findtext(f"{NAMESPACE}NextContinuationToken")
