"""Plants canaries in a private recipe's training data and attacks the model: does it know which were planted?

canaries.py RECIPE [--rows N] [--canaries N] [--set KEY=VALUE ...]

A canary is a text of random words with a random label. Half of them are trained on beside the recipe's first rows, once
with the recipe's training.privacy and once without. The attack takes a canary for planted if the model's loss on it is
low. The AUC of that is 0.5 for a model that tells nothing and 1 for one that tells all. Both runs take so many small
steps that a model without privacy learns its texts by heart.
"""

import argparse
import itertools
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import pyarrow.parquet as parquet
import yaml

WORDS = 12
SETTINGS = [
    "precision=fp32",
    "method.target_modules=all-linear",
    "training.num_train_epochs=60",
    "training.per_device_train_batch_size=32",
    "training.gradient_accumulation_steps=1",
    "training.learning_rate=1e-3",
    "training.save_steps=2000",
    "training.eval_steps=2000",
    "training.logging_steps=50",
]
ATTACKED = 0.9
PRIVATE = 0.55


def canaries(number, rows, seed):
    """Returns texts of random words of the rows with random labels of the rows."""
    draw = random.Random(seed)
    words = sorted({word for row in rows for word in row["text"].split()})
    labels = sorted({row["label"] for row in rows})
    return [{"text": " ".join(draw.choices(words, k=WORDS)), "label": draw.choice(labels)} for _ in range(number)]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def auc(planted, others):
    """Returns the probability that a planted canary has a lower loss than another one."""
    pairs = [(0.5 if a == b else float(a < b)) for a, b in itertools.product(planted, others)]
    return sum(pairs) / len(pairs)


def attack(recipe, work, name, settings, planted):
    """Trains, and returns the AUC of the attack and the accuracy on the canaries that were planted."""
    settings = [*SETTINGS, *settings, f"data.train={work}/train.jsonl", f"data.test={work}/canaries.jsonl"]
    settings += ["data.redact=null", f"output.dir={work}/{name}"]
    command = ["submit/bin/finetune", "run", "--config", recipe]
    command += [part for setting in settings for part in ("--set", setting)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    rows = parquet.read_table(f"{work}/{name}/predictions.parquet").to_pylist()
    member = [row["loss"] for row in rows if row["text"] in planted]
    other = [row["loss"] for row in rows if row["text"] not in planted]
    right = sum(row["prediction"] == row["label"] for row in rows if row["text"] in planted)
    metrics = json.loads(pathlib.Path(work, name, "metrics.json").read_text(encoding="utf-8"))["train"]
    spent = metrics.get("privacy") or {}
    print(
        f"{name:8} AUC {auc(member, other):.3f}  planted canaries learnt {right / len(member):.3f}"
        f"  steps {metrics['steps']}  epsilon {spent.get('epsilon', float('inf')):.2f}",
        flush=True,
    )
    return auc(member, other)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a recipe of classification with training.privacy")
    parser.add_argument("--rows", type=int, default=1000, help="texts beside the canaries (1000)")
    parser.add_argument("--canaries", type=int, default=400, help="half of them planted (400)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of both runs")
    options = parser.parse_args()
    source = pathlib.Path(yaml.safe_load(pathlib.Path(options.recipe).read_text(encoding="utf-8"))["data"]["train"])
    with open(source, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, options.rows)]
    made = canaries(options.canaries, rows, 0)
    planted = made[: options.canaries // 2]
    with tempfile.TemporaryDirectory() as work:
        write(pathlib.Path(work, "train.jsonl"), rows + planted)
        write(pathlib.Path(work, "canaries.jsonl"), made)
        texts = {row["text"] for row in planted}
        private = attack(options.recipe, work, "private", options.set, texts)
        plain = attack(options.recipe, work, "plain", [*options.set, "training.privacy=null"], texts)
    return 0 if private <= PRIVATE and plain >= ATTACKED else 1


if __name__ == "__main__":
    sys.exit(main())
