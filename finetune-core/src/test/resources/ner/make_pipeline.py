"""Writes pipeline.json: what the token-classification pipeline of transformers finds with golden models.

python make_pipeline.py GOLDEN_MODELS
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

LABELS = ["O", "B-TERM", "I-TERM", "B-NUM", "I-NUM"]
INPUTS = {
    "bert-tokencls": [
        "Copyright (c) 1995-1999 The Apache Group. All rights reserved.",
        "é 😀 Redistribution and use in source, with or without modification, are permitted!",
        ["Copyright", "1995", "The", "Apache", "Group", "permitted"],
        ["a", "binary", "", "license"],
    ],
    # The pipeline takes a token that is a space alone for a word: none of these has one.
    "xlm-roberta-tokencls": [
        "The license and use in source and binary forms with or without modification are permitted",
        ["Copyright", "of", "The", "Apache", "software", "permitted", "conditions"],
    ],
}


def main():
    torch.set_num_threads(1)
    cases = []
    for name, inputs in INPUTS.items():
        folder = Path(sys.argv[1]) / name
        tokenizer = AutoTokenizer.from_pretrained(folder, add_prefix_space=True)
        model = AutoModelForTokenClassification.from_pretrained(
            folder, id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)}
        )
        pipe = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="first")
        for text in inputs:
            words = isinstance(text, list)
            found = pipe([text] if words else text, is_split_into_words=words)
            found = found[0] if words else found
            whole = " ".join(text) if words else text
            cases.append(
                {
                    "model": name,
                    "labels": LABELS,
                    "text": text,
                    "entities": [
                        {
                            "start": e["start"],
                            "end": e["end"],
                            "word": whole[e["start"] : e["end"]],
                            "label": e["entity_group"],
                            "score": float(e["score"]),
                        }
                        for e in found
                    ],
                }
            )
    Path(__file__).with_name("pipeline.json").write_text(json.dumps(cases, indent=1) + "\n")


main()
