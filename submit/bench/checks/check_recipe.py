"""A recipe reaches what transformers, with PEFT, reaches on the same samples.

check_recipe.py RECIPE [--seeds N] [--steps N] [--rows N] [--masked COMMAND ...]

Prepares the recipe's dataset once. Then for each seed bin/finetune and transformers' Trainer train on it under the recipe's
settings, and the model of the last step is measured on the test split (or eval split). Fails where our mean is more than a
point worse: 0.01 of a score between 0 and 1 or of a loss, 1 of SQuAD's scores. The last line is JSON. Run in the project's
root, with the distribution built.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import recipe_peer
import recipe_tasks
import yaml


def options():
    parser = argparse.ArgumentParser(prog="check_recipe.py")
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3, help="how often both train (3)")
    parser.add_argument("--steps", type=int, help="both end after so many, on a schedule of as many")
    parser.add_argument("--rows", type=int, help="measure the first rows of data.test alone")
    parser.add_argument("--masked", nargs=argparse.REMAINDER, default=[], help="prints a run's masked samples")
    return parser.parse_args()


def finetune(command, recipe, settings):
    arguments = [part for setting in settings for part in ("--set", setting)]
    started = time.time()
    subprocess.run(
        ["submit/bin/finetune", command, "--config", recipe, *arguments], check=True, stdout=subprocess.DEVNULL
    )
    return time.time() - started


def first_rows(recipe, rows, work):
    """The recipe's test rows, the first of them alone."""
    test = pathlib.Path(yaml.safe_load(recipe.read_text())["data"].get("test") or "")
    if test.suffix != ".jsonl":
        sys.exit(f"error: --rows: {recipe} has no data.test of JSON lines: leave it out")
    short = work / test.name
    with open(test, encoding="utf-8") as lines:
        short.write_text("".join(line for line, _ in zip(lines, range(rows))), encoding="utf-8")
    return short


def main(given):
    if "pipeline" in yaml.safe_load(given.recipe.read_text()):
        sys.exit(f"error: {given.recipe} is a pipeline: check a recipe of one of its stages")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        # The last step's model, and nothing that is measured beside the metric.
        common = [f"data.dir={work}/dataset", "data.held_out={}", "generation.eval_samples=0", "training.eval_steps=0"]
        common += ["training.early_stopping_patience=0", "training.save_steps=0"]
        if given.steps:
            common.append(f"training.max_steps={given.steps}")
        if given.rows:
            common.append(f"data.test={first_rows(given.recipe, given.rows, work)}")
        finetune("prepare", given.recipe, [*common, f"output.dir={work}/none"])
        ours, theirs, minutes = [], [], []
        for seed in range(1, given.seeds + 1):
            run = work / f"run-{seed}"
            settings = [*common, f"output.dir={run}", f"training.seed={seed}"]
            minutes.append((finetune("train", given.recipe, settings) + finetune("evaluate", given.recipe, settings)) / 60)
            config = yaml.safe_load((run / "run.yaml").read_text())
            config["model"] = config["model"].removeprefix("file:")
            task = recipe_tasks.of(config, work / "dataset", [*given.masked, run])
            theirs.append(recipe_peer.reached(config, task, seed, work / "peer"))
            ours.append(json.loads((run / "metrics.json").read_text())["test"][task.metric])
            print(f"seed {seed}: {task.metric} ours {ours[-1]:.4f} transformers {theirs[-1]:.4f}", flush=True)
    mean, other = statistics.mean(ours), statistics.mean(theirs)
    worse = mean - other if task.metric == "loss" else other - mean
    result = {
        "recipe": given.recipe.stem,
        "metric": task.metric,
        "ours": round(mean, 4),
        "transformers": round(other, 4),
        "seeds": [[round(a, 4), round(b, 4)] for a, b in zip(ours, theirs)],
        "rows": len(task.held_out),
        "minutes": round(statistics.mean(minutes), 1),
        "steps": given.steps or "all",
        "reached": worse < task.point,
    }
    print(json.dumps(result))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main(options()))
