"""Different texts of real length as JSON Lines: make_unlabelled.py OUTPUT

The news of data/reuters/r52 and data/bbc-news, in a random order that is always the same.
"""

import json
import pathlib
import random
import sys

rows = {}
for name in ("train", "test"):
    for line in pathlib.Path(f"data/reuters/r52/{name}.jsonl").read_text(encoding="utf-8").splitlines():
        rows[json.loads(line)["text"]] = True
for file in sorted(pathlib.Path("data/bbc-news").glob("*/*.txt")):
    rows[file.read_text(encoding="utf-8", errors="replace").strip()] = True
texts = [text for text in rows if text]
random.Random(1).shuffle(texts)
with open(sys.argv[1], "w", encoding="utf-8") as output:
    for text in texts:
        output.write(json.dumps({"text": text}) + "\n")
print(f"{len(texts)} texts")
