"""Labels of texts by finetune predict, as users run it: predict.py RUN_YAML TEXTS PRECISION CORES

Run in the project's root, with the distribution built. TEXTS is a file of JSON Lines with the column text.
"""

import re
import subprocess
import sys
import tempfile
import time

config, texts, precision, cores = sys.argv[1:]
with open(texts, encoding="utf-8") as lines:
    count = sum(1 for _ in lines)
with tempfile.TemporaryDirectory() as output:
    command = ["submit/bin/finetune", "predict", "--config", config, "--input", texts, "--output", f"{output}/out"]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--master", f"local[{cores}]", "--set", f"predict.precision={precision}"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds = time.perf_counter() - began
print(f"ours {precision} texts {count} texts/s {count / seconds:.1f} seconds {seconds:.1f}")
print(*re.findall(r"^int8 .*", done.stdout, re.MULTILINE), sep="\n")
