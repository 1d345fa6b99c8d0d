"""Prompts of the benchmarks of generation.

chat_prompts.py MODEL_DIR N [TEXTS] prints the token ids of N prompts as JSON; with TEXTS, a folder,
each prompt asks for a summary of one of its texts.
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

PROMPTS = [
    "What is the capital of France?",
    "Write one sentence about the sea.",
    "Explain in a few words why the sky is blue on a clear day.",
    "List three fruits.",
    "What does the word 'candid' mean?",
    "How many days are there in a leap year, and why are there more of them than in another year?",
    "Name a river in Africa.",
    "Give me a reason to learn to swim.",
    "Translate 'good morning' into Spanish.",
    "Who wrote Hamlet, and when?",
]


# About 350 tokens.
LETTERS = 1500


def questions(texts):
    if texts is None:
        return PROMPTS
    files = sorted(pathlib.Path(texts).rglob("*.txt"))
    return [f"Summarize this text.\n\n{file.read_text(errors='replace')[:LETTERS]}" for file in files[:10]]


def chats(n, texts=None):
    asked = questions(texts)
    return [[{"role": "user", "content": asked[i % len(asked)]}] for i in range(n)]


if __name__ == "__main__":
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    print(
        json.dumps(
            [
                tokenizer.apply_chat_template(chat, add_generation_prompt=True)
                for chat in chats(int(sys.argv[2]), *sys.argv[3:])
            ]
        )
    )
