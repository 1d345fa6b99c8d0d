"""Texts of 2,700 licences as a corpus, near-duplicates included (legal)."""

import rows
from license_categories import read
from packages import wheel

TARGET = "data/legal"


def fetch(target):
    with wheel("licensedcode-data==33.0.0rc1") as files:
        texts = [read(file)[1] for file in sorted((files / "licensedcode/data/licenses").glob("*.LICENSE"))]
    rows.write(target, **rows.split([{"text": text} for text in texts if len(text) >= 200], test=40, train=None))
