"""Writes cases.json: windows of questions and contexts as transformers cuts them.

The tokenizers are ones that qa.json of the golden data does not have. The answer's tokens are those that transformers'
examples/pytorch/question-answering/run_qa.py finds. Needs transformers and tokenizers.
"""

import json
import pathlib

from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
TOKENIZERS = {"roberta": HERE.parent / "golden" / "tokenizers" / "roberta", "unigram": HERE.parent / "unigram"}
MAX_LENGTH = 48
STRIDE = 8
LICENSE = (
    "Permission to use, copy and modify  this software is granted.\n\n"
    "The author (\U0001f600 José) gives no warranty,\tnone at all."
)
GERMAN = "Die Lizenz dieser Software gilt für alle, die sie kopieren: 許可 😀 und mehr ﬁndet sich im Text der Lizenz."
CASES = [
    ("Who gives no warranty?", LICENSE, "José"),
    ("What is granted?", LICENSE, "modify  this"),
    ("Which face?", LICENSE, "\U0001f600"),
    ("none?", LICENSE, "none at all."),
    ("no answer?", LICENSE, None),
    ("die Lizenz?", GERMAN, "dieser Software"),
    ("許可?", GERMAN, "許可 😀"),
    ("find?", GERMAN, "ﬁndet"),
    ("short?", "the license", "the"),
]


def windows(tokenizer, question, context, answer):
    encoded = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=MAX_LENGTH,
        stride=STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    found = []
    for i, ids in enumerate(encoded["input_ids"]):
        offsets, sequence = encoded["offset_mapping"][i], encoded.sequence_ids(i)
        start = end = ids.index(tokenizer.cls_token_id)
        if answer is not None:
            begin = context.index(answer)
            stop = begin + len(answer)
            first = sequence.index(1)
            last = len(ids) - 1 - sequence[::-1].index(1)
            behind = last + 1
            if offsets[first][0] <= begin and offsets[last][1] >= stop:
                while first < behind and offsets[first][0] <= begin:
                    first += 1
                start = first - 1
                while offsets[last][1] >= stop:
                    last -= 1
                end = last + 1
        found.append(
            {
                "input_ids": ids,
                "offsets": [list(o) if s == 1 else [-1, -1] for o, s in zip(offsets, sequence, strict=True)],
                "start_position": start,
                "end_position": end,
            }
        )
    return found


def main():
    cases = []
    for name, folder in TOKENIZERS.items():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        for question, context, answer in CASES:
            cases.append(
                {
                    "tokenizer": name,
                    "question": question,
                    "context": context,
                    "answer": answer,
                    "windows": windows(tokenizer, question, context, answer),
                }
            )
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (HERE / "cases.json").write_text(f'{{"max_length": {MAX_LENGTH}, "stride": {STRIDE}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
