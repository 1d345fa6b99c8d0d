"""An epoch of a recipe by bin/finetune, without evaluation of the test samples: recipe.py RECIPE [STEPS]

Run in the project's root, whose paths the recipe names, with the distribution built. STEPS ends it earlier.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

recipe, steps = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "0"
with tempfile.TemporaryDirectory() as output:
    for command in ("prepare", "train"):
        subprocess.run(
            ["submit/bin/finetune", command, "--config", recipe]
            + ["--set", f"output.dir={output}/run", "--set", f"training.max_steps={steps}"],
            check=True,
            stdout=sys.stderr,
        )
    train = json.loads(pathlib.Path(output, "run/metrics.json").read_text())["train"]
print(
    f"ours steps {train['steps']} seconds {train['seconds']:.1f} tok/s {train['tokens_per_second']:.1f} "
    f"samples {train['samples']} tokens {train['tokens']} peak MB {train['peak_rss_mb'] * 1e6 / 2**20:.0f}"
)
