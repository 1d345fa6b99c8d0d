"""A name node and data node of WebHDFS that serve a folder of this machine, as Hadoop's documentation specifies it."""

import contextlib
import http.server
import json
import pathlib
import threading
import urllib.parse

NAME, DATA = "/webhdfs/v1", "/data"


@contextlib.contextmanager
def served(folder):
    """Serves a folder; yields HOST:PORT, and the list of answered operations with their paths."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            query = {name.lower(): value for name, value in urllib.parse.parse_qsl(url.query)}
            name = urllib.parse.unquote(url.path)
            file = pathlib.Path(folder) / name.removeprefix(NAME).removeprefix(DATA).lstrip("/")
            asked.append((query["op"], name))
            if not file.exists():
                why = {"exception": "FileNotFoundException", "message": f"File does not exist: {file}"}
                self.answer(404, json.dumps({"RemoteException": why}).encode())
            elif query["op"] == "GETFILESTATUS":
                self.answer(200, json.dumps({"FileStatus": status(file, "")}).encode())
            elif query["op"] == "LISTSTATUS":
                entries = [status(entry, entry.name) for entry in file.iterdir()]
                self.answer(200, json.dumps({"FileStatuses": {"FileStatus": entries}}).encode())
            elif query["op"] == "OPEN" and name.startswith(NAME):
                # A name node names the data node that has the bytes.
                there = f"http://{self.headers['Host']}{url.path.replace(NAME, DATA, 1)}?{url.query}"
                self.answer(307, b"", Location=there)
            elif query["op"] == "OPEN":
                first = int(query.get("offset", 0))
                length = int(query.get("length", file.stat().st_size))
                self.answer(200, file.read_bytes()[first : first + length])
            else:
                why = {"exception": "UnsupportedOperationException", "message": f"{query['op']} is not supported"}
                self.answer(400, json.dumps({"RemoteException": why}).encode())

        def answer(self, code, content, **headers):
            self.send_response(code)
            for name, value in {"Content-Length": len(content), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Says nothing: `asked` has the requests."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(file, suffix):
    kind = "DIRECTORY" if file.is_dir() else "FILE"
    return {"pathSuffix": suffix, "type": kind, "length": 0 if file.is_dir() else file.stat().st_size}
