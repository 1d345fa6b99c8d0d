"""Runs bin/finetune on a recipe, or on a stage of a pipeline."""

import subprocess
import sys
import time

import yaml

# Keeps the last step's model, and measures nothing but the metric.
ALONE = ("data.held_out={}", "generation.eval_samples=0", "training.eval_steps=0")
ALONE += ("training.early_stopping_patience=0", "training.save_steps=0")


def finetune(command, given, settings):
    """Runs a command on the given recipe, with further settings, and returns the seconds."""
    arguments = [part for setting in settings for part in ("--set", setting)]
    arguments += ["--stage", given.stage] if given.stage else []
    started = time.time()
    subprocess.run(
        ["submit/bin/finetune", command, "--config", given.recipe, *arguments], check=True, stdout=subprocess.DEVNULL
    )
    return time.time() - started


def model_and_test(given):
    """Returns the recipe's model and its data.test, of the stage or of the recipe."""
    recipe, stage = given.recipe, given.stage
    settings = yaml.safe_load(recipe.read_text())
    stages = settings.pop("pipeline", {})
    if stage not in (stages or (None,)):
        known = f"the stages {', '.join(stages)}: name one" if stages else "no pipeline: leave it out"
        sys.exit(f"error: --stage: {recipe} has {known}")
    data = {**settings["data"], **stages.get(stage, {}).get("data", {})}
    return settings["model"], data.get("test") or ""


def model_setting(given, model):
    """Returns the setting with which the recipe or the stage starts from a model."""
    return f"pipeline.{given.stage}.model={model}" if given.stage else f"model={model}"
