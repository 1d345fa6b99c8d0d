"""Checks that a recipe of embeddings reaches the NDCG@10 of sentence-transformers on the same pairs.

check_retrieval.py RECIPE [--seeds N]

For each seed bin/finetune and SentenceTransformerTrainer train on data.train under the recipe's settings:
MultipleNegativesRankingLoss, no duplicate texts in a batch, products in BF16. InformationRetrievalEvaluator searches
data.test. Fails if our mean is below theirs less the standard deviation of their seeds. The last line is JSON. Run in
the project's root, with the distribution built.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import yaml
from datasets import Dataset
from recipe_runs import ALONE, finetune
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from trainer_settings import SAME

METRIC = "ndcg_at_10"


def pairs(config, split):
    """Returns the texts of a JSONL file and their second texts."""
    columns = config["data"].get("text", "text"), config["data"]["text_pair"]
    with open(config["data"][split], encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [[row[column] for row in rows] for column in columns]


def trained(config, seed, work):
    """Returns sentence-transformers' model after the recipe's training, and the pairs per second."""
    model = SentenceTransformer(config["model"], device="cpu")
    model.max_seq_length = config["data"]["max_length"]
    anchors, positives = pairs(config, "train")
    training = config["training"]
    step = training["per_device_train_batch_size"] * config["cluster"]["ranks"]
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=work,
            seed=seed,
            per_device_train_batch_size=step,
            batch_sampler="no_duplicates",
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            bf16=True,
            disable_tqdm=True,
            **{name: training[name] for name in SAME if name in training},
        ),
        train_dataset=Dataset.from_dict({"anchor": anchors, "positive": positives}),
        loss=MultipleNegativesRankingLoss(model),
    )
    started = time.time()
    trainer.train()
    return model, len(anchors) * training["num_train_epochs"] / (time.time() - started)


def searched(config, model):
    """Returns the metric of a search for the second texts of the test rows."""
    texts, seconds = pairs(config, "test")
    corpus = {text: str(number) for number, text in enumerate(dict.fromkeys(seconds))}
    relevant = {}
    for text, second in zip(texts, seconds, strict=True):
        relevant.setdefault(text, set()).add(corpus[second])
    evaluator = InformationRetrievalEvaluator(
        {text: text for text in relevant},
        {number: text for text, number in corpus.items()},
        relevant,
        ndcg_at_k=[10],
        main_score_function="cosine",
    )
    return next(value for name, value in evaluator(model).items() if name.endswith("cosine_ndcg@10"))


def main():
    parser = argparse.ArgumentParser(prog="check_retrieval.py")
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3, help="how often both train (3)")
    given = parser.parse_args()
    given.stage = None
    config = yaml.safe_load(given.recipe.read_text())
    if config["task"] != "embedding":
        sys.exit(f"error: {given.recipe}: task: {config['task']}: name a recipe of embeddings")
    ours, theirs, speeds = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, given.seeds + 1):
            run = pathlib.Path(folder, f"run-{seed}")
            finetune("run", given, [*ALONE, "data.eval_fraction=0", f"output.dir={run}", f"training.seed={seed}"])
            metrics = json.loads((run / "metrics.json").read_text())
            ours.append(metrics["test"][METRIC])
            model, peer_speed = trained(config, seed, f"{folder}/peer")
            theirs.append(searched(config, model))
            speeds.append((metrics["train"]["samples"] / metrics["train"]["seconds"], peer_speed))
            print(
                f"seed {seed}: {METRIC} ours {ours[-1]:.4f} sentence-transformers {theirs[-1]:.4f}, "
                f"pairs/s ours {speeds[-1][0]:.1f} sentence-transformers {peer_speed:.1f}",
                flush=True,
            )
    bar = statistics.mean(theirs) - (statistics.stdev(theirs) if len(theirs) > 1 else 0)
    result = {
        "recipe": given.recipe.stem,
        "ours": round(statistics.mean(ours), 4),
        "sentence-transformers": round(statistics.mean(theirs), 4),
        "seeds": [[round(a, 4), round(b, 4)] for a, b in zip(ours, theirs, strict=True)],
        "pairs_per_second": [round(statistics.median(side), 1) for side in zip(*speeds, strict=True)],
        "reached": statistics.mean(ours) >= bar,
    }
    print(json.dumps(result))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
