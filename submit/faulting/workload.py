"""Small runs for the faults."""

import hashlib
import json
import pathlib

RANKS = 2
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

PAIRS = {
    "data": {"text_pair": "rest"},
    "training": {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 2},
}
LORA = {"method": {"type": "lora"}}

# What the configuration of each kind of runs has beside the common one.
KINDS = {
    "full": {},
    "sharded": {"cluster": {"shard": "full"}},
    "lora": LORA,
    "embedding": {"task": "embedding", **PAIRS},
    "reranking": {"task": "reranking", "reranking": {"negative": "other", "num_negatives": 1}, **PAIRS},
    # A head on a language model, whatever --model is.
    "reward": {"task": "reward", "model": str(ROOT / "models/smollm2"), **LORA},
    # The teacher is the model of an undisturbed run of kind full.
    "distilled": {"teacher": {"model": "calm-full/model"}},
}


def texts(source, target, rows=200):
    """Writes a few rows of a folder of text files, with a folder for each label, as JSONL."""
    folders = sorted(folder for folder in pathlib.Path(source).iterdir() if folder.is_dir())
    files = [file for folder in folders for file in sorted(folder.iterdir())[: rows // len(folders)]]
    parts = [(text[:400], text[400:800]) for text in (file.read_text(errors="replace") for file in files)]
    with open(target, "w") as out:
        for number, (file, (text, rest)) in enumerate(zip(files, parts, strict=True)):
            other = parts[number - 1][1]
            row = {"text": text, "label": file.parent.name, "rest": rest, "other": other}
            out.write(json.dumps({**row, "prompt": text[:200], "chosen": rest[:200], "rejected": other[:200]}) + "\n")
    return target


def config(folder, kind, model, data, steps=12, ranks=RANKS):
    """Writes the configuration of a run and returns its path."""
    own = KINDS[kind]
    settings = {
        "model": str(pathlib.Path(model).resolve()),
        "task": "classification",
        "data": {"train": str(data), "test_fraction": 0.2, "max_length": 64},
        "method": {"type": "full"},
        "training": {
            "max_steps": steps,
            "per_device_train_batch_size": 4,
            "learning_rate": 1.0e-4,
            "save_steps": 3,
        },
        "cluster": {"ranks": ranks, "timeout_seconds": 10},
        "output": {"dir": "replaced"},
    }
    for key, value in own.items():
        settings[key] = settings.get(key, {}) | value if isinstance(value, dict) else value
    if "teacher" in own:
        settings["teacher"] = {"model": str(pathlib.Path(folder) / own["teacher"]["model"])}
    path = pathlib.Path(folder) / f"{kind}-{ranks}.yaml"
    # JSON is YAML.
    path.write_text(json.dumps(settings, indent=2))
    return path


def model_hash(output):
    """Returns the SHA-256 of a run's weights and test metrics, or None if there is no model."""
    weights = weights_hash(output)
    if weights is None:
        return None
    metrics = json.loads((pathlib.Path(output) / "metrics.json").read_text())["test"]
    return hashlib.sha256((weights + json.dumps(metrics)).encode()).hexdigest()


def weights_hash(output):
    """Returns the SHA-256 of a run's weights, or None if there is no model."""
    for name in ("model.safetensors", "adapter_model.safetensors"):
        file = pathlib.Path(output) / "model" / name
        if file.exists():
            return hashlib.sha256(file.read_bytes()).hexdigest()
    return None


def test_loss(output):
    return json.loads((pathlib.Path(output) / "metrics.json").read_text())["test"]["loss"]
