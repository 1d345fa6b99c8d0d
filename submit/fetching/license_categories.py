"""Notices and texts of licences and the categories of what they name, one or several (legal)."""

import re

import rows
from packages import wheel

TARGET = "data/license-categories"
FIELD = re.compile(r"^(\w+): (.*)$", re.MULTILINE)


def read(file):
    """Returns the fields of a file's head, and the text below the head."""
    content = file.read_text(encoding="utf-8")
    _, head, text = re.split(r"^---[ \t]*$", content, maxsplit=2, flags=re.MULTILINE)
    return dict(FIELD.findall(head)), " ".join(text.split())


def fetch(target):
    with wheel("licensedcode-data==33.0.0rc1") as files:
        data = files / "licensedcode/data"
        categories = {}
        for file in (data / "licenses").glob("*.LICENSE"):
            fields, _ = read(file)
            categories[fields["key"]] = fields["category"]
        found = {}
        for file in (data / "rules").glob("*.RULE"):
            fields, text = read(file)
            keys = re.findall(r"[\w.+-]+", re.sub(r"\b(AND|OR|WITH)\b", " ", fields.get("license_expression", "")))
            labels = {categories[key] for key in keys if key in categories}
            if labels and 60 <= len(text) <= 3000 and "is_false_positive" not in fields:
                # Rules with the same text for several licences would be contradictory rows.
                found.setdefault(text, set()).update(labels)
    found = [{"text": text, "label": sorted(labels)} for text, labels in found.items()]
    several = [row for row in found if len(row["label"]) > 1]
    one = [row for row in found if len(row["label"]) == 1]
    several, one = rows.split(several, test=300, train=None), rows.split(one, test=700, train=4000)
    rows.write(target, train=several["train"] + one["train"], test=several["test"] + one["test"])
