"""Sentences of biomedical papers with the entities that annotators found (healthcare)."""

import csv
import sys

import rows
from packages import wheel

TARGET = "data/entities"
CLASSES = 12


def spans(text, named):
    """Places of entities that stand in the text word for word; none overlaps another, longer ones come first."""
    taken = []
    for entity, label in sorted(named, key=lambda pair: (-len(pair[0]), pair)):
        start = text.find(entity)
        if start >= 0 and all(start >= end or start + len(entity) <= begin for begin, end, _ in taken):
            taken.append((start, start + len(entity), label))
    return [{"start": start, "end": end, "label": label} for start, end, label in sorted(taken)]


def fetch(target):
    csv.field_size_limit(sys.maxsize)
    named = {}
    with wheel("nero-nlp==0.0.8") as files, open(files / "NERO/annotation_results.txt", encoding="latin-1") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            text = (row["sentenceText"] or "").strip().strip('"')
            for number in ("1", "2"):
                entity, label = row[f"entity{number}"], row[f"semantic_class_entity{number}"]
                if entity and label and label != "NULL" and len(entity) > 1:
                    named.setdefault(text, set()).add((entity, label))
    counts = {}
    for pairs in named.values():
        for _, label in pairs:
            counts[label] = counts.get(label, 0) + 1
    frequent = set(sorted(counts, key=lambda label: (-counts[label], label))[:CLASSES])
    found = []
    for text, pairs in named.items():
        entities = spans(text, {pair for pair in pairs if pair[1] in frequent})
        # A sentence of which an entity is not found word for word would be labelled in part.
        if 30 <= len(text) <= 400 and entities and len(entities) == len({entity for entity, _ in pairs}):
            found.append({"text": text, "label": entities})
    rows.write(target, **rows.split(found, test=1000, train=8000))
