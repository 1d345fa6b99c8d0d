"""ICD-10-CM: the description of a diagnosis and its chapter (healthcare)."""

import re
import xml.etree.ElementTree as xml

import rows
from packages import wheel

TARGET = "data/icd10"


def category(code):
    return code[:3]


def fetch(target):
    with wheel("simple-icd-10-cm==1.5.0") as files:
        (table,) = (files / "simple_icd_10_cm/data").glob("*.xml")
        chapters = xml.parse(table).getroot().findall("chapter")
    by_category = {}
    for chapter in chapters:
        name = re.sub(r" \([^()]*\)$", "", chapter.findtext("desc"))
        for diagnosis in chapter.iter("diag"):
            row = {"text": diagnosis.findtext("desc"), "label": name}
            by_category.setdefault(category(diagnosis.findtext("name")), []).append(row)
    # Codes of a category share words, so a category is in only one split.
    ordered = sorted(by_category, key=lambda name: rows.key(by_category[name]))
    test, rest = ordered[: len(ordered) // 6], ordered[len(ordered) // 6 :]
    train = [row for name in rest for row in by_category[name]]
    held_out = [row for name in test for row in by_category[name]]
    rows.write(target, **rows.split(train, train=8000), **rows.split(held_out, test=1500))
