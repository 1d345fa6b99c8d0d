"""An epoch of a recipe by bin/finetune, without evaluation of the test samples.

recipe.py RECIPE [STEPS] [rows=N] [KEY=VALUE ...]

Run in the project's root, whose paths the recipe names, with the distribution built. STEPS ends it earlier, rows=N
trains on the first rows alone. "seconds" is the training's own time; "whole s" that of the command, with Spark's start,
the model's loading and, for preferences, what the model says of all samples before its training.
"""

import itertools
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

import yaml

recipe, *others = sys.argv[1:]
steps = next((other for other in others if other.isdigit()), "0")
rows = next((int(other[5:]) for other in others if other.startswith("rows=")), None)
settings = [other for other in others if "=" in other and not other.startswith("rows=")]
with tempfile.TemporaryDirectory() as output:
    settings += [f"output.dir={output}/run", f"training.max_steps={steps}"]
    if rows:
        train = pathlib.Path(yaml.safe_load(pathlib.Path(recipe).read_text())["data"]["train"])
        first = pathlib.Path(output, train.name)
        with open(train, encoding="utf-8") as lines:
            first.write_text("".join(itertools.islice(lines, rows)), encoding="utf-8")
        # The final measurement is not part of an epoch.
        settings += [f"data.train={first}", "data.test=null"]
    for command in ("prepare", "train"):
        began = time.perf_counter()
        subprocess.run(
            ["submit/bin/finetune", command, "--config", recipe]
            + [part for setting in settings for part in ("--set", setting)],
            check=True,
            stdout=sys.stderr,
        )
    whole = time.perf_counter() - began
    train = json.loads(pathlib.Path(output, "run/metrics.json").read_text())["train"]
print(
    f"ours steps {train['steps']} seconds {train['seconds']:.1f} whole s {whole:.1f} "
    f"tok/s {train.get('tokens_per_second', math.nan):.1f} "  # a private run has no counts
    f"samples {train.get('samples')} tokens {train.get('tokens')} peak MB {train['peak_rss_mb'] * 1e6 / 2**20:.0f}"
)
