"""Writes documents of the kinds that a crawl has, as JSON lines in parts: make_corpus.py FOLDER MEGABYTES

Half of them are prose that every filter keeps; the others are short, repetitive, lists, tables of numbers, code, or
prose without its punctuation. Words follow Zipf's law. The same arguments give the same files.
"""

import itertools
import json
import pathlib
import random
import sys

PARTS = 8
STOPS = (
    "the of and to a in is that it was for on are with as be this have from or by not but what all were when we".split()
)

folder, megabytes = pathlib.Path(sys.argv[1]), float(sys.argv[2])
draw = random.Random(1)
syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprstvz", "aeiou")]
words = STOPS + ["".join(draw.choices(syllables, k=draw.choice((2, 2, 3, 3, 4)))) for _ in range(20000)]
cumulative = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))


def sentence(least=6, most=24):
    chosen = draw.choices(words, cum_weights=cumulative, k=draw.randint(least, most))
    chosen[0] = chosen[0].capitalize()
    for place in range(4, len(chosen) - 1, 7):
        chosen[place] += ","
    return " ".join(chosen) + draw.choice("......?!")


def prose(paragraphs):
    return [" ".join(sentence() for _ in range(draw.randint(2, 6))) for _ in range(paragraphs)]


def document():
    kind = draw.random()
    lines = prose(draw.randint(3, 12))
    if kind < 0.5:
        pass
    elif kind < 0.58:
        lines = lines[:1]
    elif kind < 0.66:
        lines = [draw.choice(lines) for _ in range(2 * len(lines))]
    elif kind < 0.74:
        lines = ["- " + " ".join(line.split()[:4]) for line in lines for _ in range(3)]
    elif kind < 0.8:
        lines = [" ".join(str(draw.randint(0, 10**6)) for _ in range(12)) for _ in range(20)]
    elif kind < 0.86:
        lines += ["function f(x) { return x; }", "Please enable JavaScript to see the menu."]
    elif kind < 0.92:
        lines = [line.replace(".", "").replace("?", "").replace("!", "") for line in lines]
    else:
        lines += ["We use cookies, see our privacy policy.", "Home", "Contact us", "All rights reserved"] + lines[:2]
    return "\n".join(lines)


folder.mkdir(parents=True, exist_ok=True)
documents = 0
for part in range(PARTS):
    written = 0
    with open(folder / f"part-{part}.jsonl", "w") as out:
        while written < megabytes * 1e6 / PARTS:
            line = json.dumps({"text": document(), "id": f"{part}-{documents}"}) + "\n"
            out.write(line)
            written += len(line)
            documents += 1
print(f"{documents} documents, {megabytes:g} MB in {PARTS} files")
