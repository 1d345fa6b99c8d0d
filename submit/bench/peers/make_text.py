"""Writes JSONL of text and label: make_text.py MODEL_DIR TEXTS_DIR FILE MILLIONS_OF_TOKENS

The texts are those of TEXTS_DIR/LABEL/NAME.txt, repeated until their tokens, cut at 512 a text, are enough; each copy
is numbered, so that no two texts are equal.
"""

import json
import pathlib
import sys

from tokenizers import Tokenizer

model, source, target, millions = sys.argv[1:]
tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation(512)
texts = [(p.read_text(errors="replace"), p.parent.name) for p in sorted(pathlib.Path(source).glob("*/*.txt"))]
once = sum(len(e.ids) for e in tokenizer.encode_batch([t for t, _ in texts]))
copies = -(-int(float(millions) * 1e6) // once)
with open(target, "w") as out:
    for copy in range(copies):
        for text, label in texts:
            out.write(json.dumps({"text": f"{copy} {text}", "label": label}) + "\n")
print(f"{len(texts) * copies} texts, about {once * copies / 1e6:.1f} M tokens")
