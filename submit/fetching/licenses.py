"""Texts of 200 software licences, none nearly equal to another (npm)."""

import hashlib
import json
import re

import rows
from packages import npm

TARGET = "data/licenses"


def phrases(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def is_usable(text):
    # A small share of non-ASCII bytes means English.
    return 500 <= len(text) <= 8000 and len(text.encode()) < 1.05 * len(text)


def fetch(target):
    with npm("spdx-license-list@6.12.0") as files:
        licenses = [json.loads(file.read_text(encoding="utf-8")) for file in (files / "licenses").glob("*.json")]
    texts = filter(is_usable, (license["licenseText"].strip() for license in licenses))
    chosen = []
    for text in sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest()):
        own = phrases(text)
        # Versions and translations of one licence share most phrases: a test text must not be known from training.
        if all(len(own & other) < 0.5 * min(len(own), len(other)) for _, other in chosen):
            chosen.append((text, own))
    texts = [{"text": text} for text, _ in chosen]
    rows.write(target, train=texts[40:200], test=texts[:40])
