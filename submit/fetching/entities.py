"""Sentences of biomedical papers with the entities that annotators found (healthcare)."""

import csv
import re
import sys

import rows
from packages import wheel

TARGET = "data/entities"
CLASSES = 12


def spans(text, named):
    """Returns spans of entities that are whole words of the text, without overlaps; longer entities come first."""
    taken = []
    for entity, label in sorted(named, key=lambda pair: (-len(pair[0]), pair)):
        found = re.search(rf"(?<!\w){re.escape(entity)}(?!\w)", text)
        if found and all(found.start() >= end or found.end() <= begin for begin, end, _ in taken):
            taken.append((*found.span(), label))
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
        # If an entity is not found literally, the labels of its sentence would be incomplete.
        if 30 <= len(text) <= 400 and entities and len(entities) == len({entity for entity, _ in pairs}):
            found.append({"text": text, "label": entities})
    rows.write(target, **rows.split(found, test=1000, train=8000))
