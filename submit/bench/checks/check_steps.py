"""Compares the steps of a recipe with the steps of transformers, with PEFT, where nothing is drawn differently.

check_steps.py RECIPE [--stage NAME] [--steps N] --samples COMMAND ...

Both start from the same model, head and adapter, take the same samples in the same order, and use no dropout. Fails if
the losses of a step differ by more than 0.001. The last line is JSON. Run in the project's root, with the distribution
built.

"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import recipe_peer
import recipe_tasks
import yaml
from recipe_runs import ALONE, finetune, model_and_test, model_setting

ALLOWED = 1e-3


def options():
    parser = argparse.ArgumentParser(prog="check_steps.py")
    parser.add_argument("recipe", type=pathlib.Path)
    parser.add_argument("--stage", help="of a pipeline, the one that is checked")
    parser.add_argument("--steps", type=int, default=20, help="how many, on a schedule of as many (20)")
    parser.add_argument(
        "--samples", nargs=argparse.REMAINDER, required=True, help="prints a run's samples as they are drawn"
    )
    return parser.parse_args()


def without_dropout(model, folder):
    """Returns the model without dropout."""
    folder.mkdir()
    for file in pathlib.Path(model).resolve().iterdir():
        if file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = json.loads(pathlib.Path(model, "config.json").read_text())
    rates = [key for key, value in config.items() if "drop" in key and isinstance(value, float)]
    (folder / "config.json").write_text(json.dumps({**config, **dict.fromkeys(rates, 0.0)}))
    return folder


def main(given):
    model, _ = model_and_test(given)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        common = [f"data.dir={work}/dataset", model_setting(given, without_dropout(model, work / "base")), *ALONE]
        common += ["method.lora_dropout=0", "training.neftune_noise_alpha=0", "precision=fp32"]
        # Positions of an answer as transformers counts them.
        common.append("question_answering.pad_to_max_length=true")
        finetune("prepare", given, [*common, f"output.dir={work}/none"])
        finetune("train", given, [*common, f"output.dir={work}/run", f"training.max_steps={given.steps}"])
        # The first step of a warm-up has a learning rate of 0 and changes nothing.
        begun = [
            "training.lr_scheduler_type=linear",
            "training.warmup_ratio=0",
            "training.warmup_steps=1",
            "training.max_steps=1",
        ]
        finetune("train", given, [*common, *begun, f"output.dir={work}/start"])
        run, start = (work / name / (given.stage or "") for name in ("run", "start"))
        config = yaml.safe_load((run / "run.yaml").read_text())
        config["model"] = config["model"].removeprefix("file:")
        task = recipe_tasks.of(config, work / "dataset", [*given.samples, run])
        drawn = recipe_tasks.lines([*given.samples, run, "train"])
        theirs = recipe_peer.losses(config, task, start / "model", drawn, work / "peer")
        records = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
        ours = [record["loss"] for record in records if "loss" in record]
    if len(ours) != given.steps or len(theirs) != given.steps:
        sys.exit(f"error: {len(ours)} of our losses and {len(theirs)} of transformers', not {given.steps}")
    for step, pair in enumerate(zip(ours, theirs, strict=True), 1):
        print(f"step {step}: loss ours {pair[0]:.5f} transformers {pair[1]:.5f}")
    apart = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    result = {
        "recipe": " ".join(filter(None, (given.recipe.stem, given.stage))),
        "steps": given.steps,
        "loss": [round(ours[0], 4), round(ours[-1], 4)],
        "apart": round(apart, 6),
        "equal": apart <= ALLOWED,
    }
    print(json.dumps(result))
    return 0 if result["equal"] else 1


if __name__ == "__main__":
    sys.exit(main(options()))
