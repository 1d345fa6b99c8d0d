"""Checks that a recipe reaches the metric of transformers, with PEFT, on the same samples.

check_recipe.py RECIPE [--stage NAME] [--seeds N] [--steps N] [--rows N] [--set KEY=VALUE] [--group-by-length]
                [--samples COMMAND ...]

Prepares the recipe's dataset once. For each seed bin/finetune and transformers' Trainer train on the dataset under the
recipe's settings. Each model of the last step is measured on the test split (or eval split). Fails if our mean is more
than a point worse: 0.01 of a score between 0 and 1 or of a loss, 1 of SQuAD's scores. A stage of a pipeline starts from
the pipeline's own model. The samples per second of both trainings are printed, too. The last line is JSON. Run in the
project's root, with the distribution built.
"""

import argparse
import itertools
import json
import os
import pathlib
import statistics
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import recipe_peer
import recipe_tasks
import yaml
from recipe_runs import ALONE, finetune, model_and_test, model_setting


def options():
    parser = argparse.ArgumentParser(prog="check_recipe.py")
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("--stage", help="of a pipeline, the one that is checked")
    parser.add_argument("--seeds", type=int, default=3, help="how often both train (3)")
    parser.add_argument("--steps", type=int, help="both end after so many, on a schedule of as many")
    parser.add_argument("--rows", type=int, help="measure the first rows of data.test alone")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of both")
    parser.add_argument("--group-by-length", action="store_true", help="transformers batches texts of like length")
    parser.add_argument(
        "--samples", nargs=argparse.REMAINDER, default=[], help="prints a run's samples as they are drawn"
    )
    return parser.parse_args()


def first_rows(recipe, test, rows, work):
    """Returns the first test rows of the recipe."""
    test = pathlib.Path(test)
    if test.suffix != ".jsonl":
        sys.exit(f"error: --rows: {recipe} has no data.test of JSON lines: leave it out")
    short = work / test.name
    with open(test, encoding="utf-8") as lines:
        short.write_text("".join(itertools.islice(lines, rows)), encoding="utf-8")
    return short


def main(given):
    model, test = model_and_test(given)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        common = [f"data.dir={work}/dataset", model_setting(given, model), *ALONE, *given.set]
        if given.steps:
            common.append(f"training.max_steps={given.steps}")
        if given.rows:
            common.append(f"data.test={first_rows(given.recipe, test, given.rows, work)}")
        finetune("prepare", given, [*common, f"output.dir={work}/none"])
        ours, theirs, minutes, speeds = [], [], [], []
        for seed in range(1, given.seeds + 1):
            settings = [*common, f"output.dir={work}/run-{seed}", f"training.seed={seed}"]
            minutes.append((finetune("train", given, settings) + finetune("evaluate", given, settings)) / 60)
            run = work / f"run-{seed}" / (given.stage or "")
            config = yaml.safe_load((run / "run.yaml").read_text())
            config["model"] = config["model"].removeprefix("file:")
            task = recipe_tasks.of(config, work / "dataset", [*given.samples, run])
            score, peer_speed = recipe_peer.reached(config, task, seed, work / "peer", given.group_by_length)
            theirs.append(score)
            metrics = json.loads((run / "metrics.json").read_text())
            ours.append(metrics["test"][task.metric])
            speed = metrics["train"]["samples"] / metrics["train"]["seconds"]
            speeds.append((speed, peer_speed))
            print(
                f"seed {seed}: {task.metric} ours {ours[-1]:.4f} transformers {score:.4f}, "
                f"samples/s ours {speed:.1f} transformers {peer_speed:.1f}",
                flush=True,
            )
    mean, other = statistics.mean(ours), statistics.mean(theirs)
    worse = mean - other if task.metric == "loss" else other - mean
    result = {
        "recipe": " ".join(filter(None, (given.recipe.stem, given.stage))),
        "metric": task.metric,
        "ours": round(mean, 4),
        "transformers": round(other, 4),
        "seeds": [[round(a, 4), round(b, 4)] for a, b in zip(ours, theirs, strict=True)],
        "samples_per_second": [round(statistics.median(side), 1) for side in zip(*speeds, strict=True)],
        "rows": len(task.held_out),
        "minutes": round(statistics.mean(minutes), 1),
        "steps": given.steps or "all",
        "reached": worse < task.point,
    }
    print(json.dumps(result))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main(options()))
