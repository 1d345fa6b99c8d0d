"""Recall and precision of masked texts: hidden.py GOLD NAME=MASKED [NAME=MASKED ...]

GOLD is a file of submit/fetch names: texts with the places of made-up values, by kind. Letters and digits count; those
of ages, account numbers and other values without a label count for neither. A value is whole if all of it is hidden.
"""

import json
import sys
from collections import Counter

LABELS = {
    "PERSON": "persons",
    "LOCATION": "places",
    "ORGANIZATION": "organizations",
    "NRP": "nationalities",
    "DATE_TIME": "dates",
}


def score(rows, masked):
    """Returns the share of hidden characters and of whole values by label, and the precision of all."""
    counts = Counter()
    for row, other in zip(rows, masked, strict=True):
        text = row["text"]
        if len(text) != len(other):
            sys.exit(f"error: the masked text has another length: {text!r}, {other!r}")
        hidden = {i for i, character in enumerate(text) if character.isalnum() and other[i] == "*"}
        known = set()
        for span in row["label"]:
            own = {i for i in range(span["start"], span["end"]) if text[i].isalnum()}
            for label in (span["label"], "all"):
                counts[label, "all"] += len(own)
                counts[label, "hidden"] += len(own & hidden)
                counts[label, "values"] += 1
                counts[label, "whole"] += own <= hidden
            known |= own
        counts["true"] += len(known & hidden)
        neutral = {i for start, end, _ in row["parts"] for i in range(start, end)} - known
        counts["found"] += len(hidden - neutral)
    return counts


def main():
    gold, *others = sys.argv[1:]
    with open(gold, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for other in others:
        name, file = other.split("=", 1)
        with open(file, encoding="utf-8") as lines:
            counts = score(rows, [json.loads(line)["text"] for line in lines])
        shares = [
            f"{shown} {counts[label, 'hidden'] / counts[label, 'all']:.3f} "
            f"(whole {counts[label, 'whole'] / counts[label, 'values']:.3f})"
            for label, shown in (("all", "all"), *LABELS.items())
            if counts[label, "all"]
        ]
        print(f"{name}: precision {counts['true'] / max(1, counts['found']):.3f}, recall {', '.join(shares)}")


if __name__ == "__main__":
    main()
