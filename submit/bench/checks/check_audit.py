"""Compares the first rows of an audit with cleanlab's, on the same probabilities: precision among planted label errors.

Plants errors in 5 % of the labels of FOLDER/LABEL/FILE.txt, audits the texts with two folds on two ranks, and ranks the
audit's probabilities with cleanlab. Fails if the audit's precision in the first 5 % is below cleanlab's minus 0.02.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import numpy
import pyarrow.dataset
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

SHARE = 0.05
SLACK = 0.02
SEED = 17
FINETUNE = pathlib.Path(__file__).resolve().parents[2] / "bin/finetune"


def key(text):
    """Returns what cleaning leaves of a text."""
    return re.sub(r"[^0-9A-Za-z]", "", text)


def plant(texts, output):
    """Writes all texts with planted errors as JSON lines; returns the true labels by text."""
    files = sorted(texts.glob("*/*.txt"))
    labels = sorted({file.parent.name for file in files})
    draws = random.Random(SEED)
    wrong = set(draws.sample(range(len(files)), round(SHARE * len(files))))
    truth = {}
    with output.open("w", encoding="utf-8") as lines:
        for i, file in enumerate(files):
            label = file.parent.name
            text = " ".join(file.read_text(encoding="utf-8", errors="replace").split())
            truth.setdefault(key(text), set()).add(label)
            if i in wrong:
                label = draws.choice([other for other in labels if other != label])
            lines.write(json.dumps({"text": text, "label": label}) + "\n")
    return truth


def audit(arguments, source, output):
    """Audits the rows; returns them by rank, and the labels in the order of the probabilities."""
    settings = {"data.train": source, "data.format": "jsonl", "output.dir": output.parent / "run"}
    command = [FINETUNE, "audit", "--config", arguments.config, "--output", output, "--folds", "2"]
    command += ["--master", arguments.master]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    subprocess.run(command, check=True, timeout=arguments.timeout)
    rows = pyarrow.dataset.dataset(output / "rows").to_table().sort_by("rank").to_pylist()
    return rows, json.loads((output / "audit.json").read_text())["labels"]


def cleanlab_orders(rows, labels):
    """Returns cleanlab's orders of the rows, by name."""
    probabilities = numpy.array([row["probabilities"] for row in rows])
    given = numpy.array([labels.index(row["label"]) for row in rows])
    orders = {}
    for score in ("self_confidence", "normalized_margin"):
        quality = get_label_quality_scores(given, probabilities, method=score)
        orders[score] = numpy.argsort(quality, kind="stable")
        issues = find_label_issues(given, probabilities, filter_by="confident_learning", return_indices_ranked_by=score)
        rest = [row for row in orders[score] if row not in set(issues)]
        orders[f"confident_learning, {score}"] = numpy.array([*issues, *rest])
    return orders


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=pathlib.Path, help="run of a classification; its data.train is replaced")
    parser.add_argument("texts", type=pathlib.Path, help="folder of LABEL/FILE.txt")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--timeout", type=int, default=3600, help="seconds of the audit")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        truth = plant(arguments.texts, folder / "rows.jsonl")
        rows, labels = audit(arguments, folder / "rows.jsonl", folder / "audit")
    is_wrong = numpy.array([row["label"] not in truth[key(row["text"])] for row in rows])
    first = round(SHARE * len(rows))
    own = is_wrong[:first].mean()
    print(f"{len(rows)} rows, {is_wrong.sum()} planted errors, first {first}")
    print(f"audit                                           {own:.4f}")
    best = 0
    for name, order in cleanlab_orders(rows, labels).items():
        precision = is_wrong[order[:first]].mean()
        best = max(best, precision)
        print(f"cleanlab {name:38} {precision:.4f}")
    if own < best - SLACK:
        sys.exit(f"the audit's precision {own:.4f} is below cleanlab's {best:.4f} - {SLACK}")


if __name__ == "__main__":
    main()
