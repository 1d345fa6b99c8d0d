"""A recipe reaches what transformers reaches on the same samples: check_recipe.py RECIPE SEEDS

Prepares the recipe's dataset once. Then for each seed bin/finetune and transformers' Trainer train on it under the recipe's
settings, and measure its test split (or eval split). Tasks classification (one label, several, numbers) and
token-classification. Fails where our mean is more than one point below theirs. Run in the project's root, with the
distribution built.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy
import pyarrow.dataset
import torch
import yaml
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    Trainer,
    TrainingArguments,
    set_seed,
)

POINT = 0.01
IGNORED = -100


def finetune(command, recipe, *settings):
    arguments = [part for setting in settings for part in ("--set", setting)]
    subprocess.run(
        ["submit/bin/finetune", command, "--config", recipe, *arguments], check=True, stdout=subprocess.DEVNULL
    )


def samples(dataset, manifest, split):
    """The samples of a split, in their order."""
    files = [os.path.join(dataset, shard["file"]) for shard in manifest["splits"][split]["shards"]]
    return [row for file in files for row in pyarrow.dataset.dataset(file).to_table().to_pylist()]


def collator(kind, pad):
    """Pads a batch; what a sample is to be told as depends on the kind."""

    def collate(rows):
        longest = max(len(row["input_ids"]) for row in rows)

        def padded(name, value):
            return torch.tensor([row[name] + [value] * (longest - len(row[name])) for row in rows])

        lengths = torch.tensor([[len(row["input_ids"])] for row in rows])
        batch = {"input_ids": padded("input_ids", pad), "attention_mask": (torch.arange(longest) < lengths).long()}
        if "token_type_ids" in rows[0]:
            batch["token_type_ids"] = padded("token_type_ids", 0)
        if kind == "tokens":
            batch["labels"] = padded("labels", IGNORED)
        elif kind == "single_label_classification":
            batch["labels"] = torch.tensor([row["label"] for row in rows])
        else:
            batch["labels"] = torch.tensor([row["targets"] for row in rows], dtype=torch.float32)
        return batch

    return collate


def entities(tags):
    """Spans of IOB2 tags as (type, start, end), a stray I- begins one."""
    spans, start, kind = set(), 0, None
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind is not None and (prefix != "I" or name != kind):
            spans.add((kind, start, place))
            kind = None
        if prefix in ("B", "I") and kind is None:
            kind, start = name, place
    return spans


def f1(right, predicted, true):
    return 2 * right / (predicted + true) if predicted + true else 0.0


def score(kind, names, logits, rows):
    """The metric that a recipe is measured by: its name and value."""
    if kind == "single_label_classification":
        return "accuracy", statistics.mean(int(row["label"] == numpy.argmax(one)) for one, row in zip(logits, rows))
    if kind == "regression":
        return "pearson", float(numpy.corrcoef(logits[:, 0], [row["targets"][0] for row in rows])[0, 1])
    if kind == "multi_label_classification":
        predicted, true = logits > 0, numpy.array([row["targets"] for row in rows]) == 1
        return "f1_micro", f1((predicted & true).sum(), predicted.sum(), true.sum())
    right = predicted = true = same = words = 0
    for one, row in zip(logits, rows):
        places = [place for place, label in enumerate(row["labels"]) if label != IGNORED]
        expected = [names[row["labels"][place]] for place in places]
        told = [names[int(numpy.argmax(one[place]))] for place in places]
        found, there = entities(told), entities(expected)
        right, predicted, true = right + len(found & there), predicted + len(found), true + len(there)
        same, words = same + sum(map(str.__eq__, told, expected)), words + len(places)
    if any(name.startswith(("B-", "I-")) for name in names):
        return "f1", f1(right, predicted, true)
    return "accuracy", same / words


def peer(config, dataset, kind, seed, work):
    """What transformers reaches."""
    manifest = json.loads(pathlib.Path(dataset, "manifest.json").read_text())
    names, training = manifest["labels"], config["training"]
    set_seed(seed)
    classes = AutoModelForTokenClassification if kind == "tokens" else AutoModelForSequenceClassification
    options = {} if kind == "tokens" else {"problem_type": kind}
    model = classes.from_pretrained(config["model"], num_labels=len(names), **options)
    rows = samples(dataset, manifest, "test" if "test" in manifest["splits"] else "eval")
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=work,
            seed=seed,
            num_train_epochs=training["num_train_epochs"],
            max_steps=training["max_steps"] or -1,
            per_device_train_batch_size=training["per_device_train_batch_size"] * config["cluster"]["ranks"],
            per_device_eval_batch_size=training["per_device_eval_batch_size"],
            gradient_accumulation_steps=training["gradient_accumulation_steps"],
            learning_rate=training["learning_rate"],
            lr_scheduler_type=training["lr_scheduler_type"],
            warmup_ratio=training["warmup_ratio"],
            weight_decay=training["weight_decay"],
            save_strategy="no",
            report_to=[],
            remove_unused_columns=False,
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=samples(dataset, manifest, "train"),
        data_collator=collator(kind, manifest["pad_token_id"]),
    )
    trainer.train()
    return score(kind, names, trainer.predict(rows).predictions, rows)


def main(recipe, seeds):
    with tempfile.TemporaryDirectory() as work:
        dataset = f"data.dir={work}/dataset"
        finetune("prepare", recipe, dataset, f"output.dir={work}/none")
        ours, theirs = [], []
        for seed in range(1, seeds + 1):
            settings = (dataset, f"output.dir={work}/run-{seed}", f"training.seed={seed}", "training.save_steps=0")
            finetune("train", recipe, *settings)
            finetune("evaluate", recipe, *settings)
            run = pathlib.Path(work, f"run-{seed}")
            config = yaml.safe_load((run / "run.yaml").read_text())
            kind = "tokens" if config["task"] == "token-classification" else config["classification"]["problem_type"]
            name, value = peer(config, f"{work}/dataset", kind, seed, f"{work}/peer")
            theirs.append(value)
            ours.append(json.loads((run / "metrics.json").read_text())["test"][name])
            print(f"seed {seed}: {name} ours {ours[-1]:.4f} transformers {theirs[-1]:.4f}", flush=True)
    mean, other = statistics.mean(ours), statistics.mean(theirs)
    print(f"mean of {seeds}: ours {mean:.4f} transformers {other:.4f}, difference {mean - other:+.4f}")
    return 0 if mean > other - POINT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
