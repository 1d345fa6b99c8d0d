"""Papers on computational linguistics with a sentence on their outcome: summarization (ACLSum)."""

import json

import rows
from packages import wheel

TARGET = "data/abstracts"


def conversation(paper):
    abstract = " ".join(paper["sentences"]["abstract"])
    return {
        "messages": [
            {"role": "user", "content": f"Summarize what this paper achieves in one sentence:\n\n{abstract}"},
            {"role": "assistant", "content": paper["summary"]["outcome"]},
        ]
    }


def fetch(target):
    with wheel("aclsum==0.1.2") as files:
        splits = {}
        for name, file in (("train", "train"), ("eval", "val"), ("test", "test")):
            lines = (files / f"aclsum/dataset/{file}.jsonl").read_text(encoding="utf-8").splitlines()
            splits[name] = [conversation(json.loads(line)) for line in lines]
    rows.write(target, **splits)
