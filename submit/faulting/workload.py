"""Small runs of an encoder for the faults: full fine-tuning, the same with shared weights, LoRA, and embeddings."""

import hashlib
import json
import pathlib

KINDS = ("full", "sharded", "lora", "embedding")
RANKS = 2

CONFIG = """model: {model}
task: {task}
data:
  text_pair: {pair}
  train: {texts}
  test_fraction: 0.2
  max_length: 64
method:
  type: {method}
training:
  max_steps: {steps}
  per_device_train_batch_size: {batch}
  gradient_accumulation_steps: {accumulation}
  learning_rate: 1.0e-4
  save_steps: 3
cluster:
  ranks: {ranks}
  timeout_seconds: 10
  shard: {shard}
output:
  dir: replaced
"""


def texts(source, target, rows=200):
    """Writes a few rows of a folder of text files, with a folder for each label, as JSONL."""
    folders = sorted(folder for folder in pathlib.Path(source).iterdir() if folder.is_dir())
    with open(target, "w") as out:
        for folder in folders:
            for file in sorted(folder.iterdir())[: rows // len(folders)]:
                text = file.read_text(errors="replace")
                row = {"text": text[:400], "label": folder.name, "rest": text[400:800]}
                out.write(json.dumps(row) + "\n")
    return target


def config(folder, kind, model, data, steps=12, ranks=RANKS):
    """Writes the configuration of a run and returns its path."""
    path = pathlib.Path(folder) / f"{kind}-{ranks}.yaml"
    embeds = kind == "embedding"
    path.write_text(
        CONFIG.format(
            model=pathlib.Path(model).resolve(),
            texts=data,
            task="embedding" if embeds else "classification",
            pair="rest" if embeds else "null",
            batch=2 if embeds else 4,
            accumulation=2 if embeds else 1,
            method="lora" if kind == "lora" else "full",
            shard="full" if kind == "sharded" else "none",
            steps=steps,
            ranks=ranks,
        )
    )
    return path


def model_hash(output):
    """Returns the SHA-256 of a run's weights and test metrics, or None if there is no model."""
    found = hashlib.sha256()
    for name in ("model.safetensors", "adapter_model.safetensors"):
        file = pathlib.Path(output) / "model" / name
        if file.exists():
            found.update(file.read_bytes())
            found.update(json.dumps(json.loads((pathlib.Path(output) / "metrics.json").read_text())["test"]).encode())
            return found.hexdigest()
    return None


def test_loss(output):
    return json.loads((pathlib.Path(output) / "metrics.json").read_text())["test"]["loss"]
