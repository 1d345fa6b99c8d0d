"""Compares transformers' greedy answers to ten prompts, 64 tokens each, with the answers that commands print.

check_generation.py MODEL_DIR COMMAND [ARG ...]: runs the command with BATCH = 1 and 4 in place of the word BATCH

"""

import json
import os
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from chat_prompts import chats
from transformers import AutoModelForCausalLM, AutoTokenizer

NEW_TOKENS = 64

folder, command = sys.argv[1], sys.argv[2:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
prompts = [tokenizer.apply_chat_template(chat, add_generation_prompt=True) for chat in chats(10)]
theirs = [
    model.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=NEW_TOKENS)[0, len(ids) :].tolist()
    for ids in prompts
]
differ = 0
for batch in (1, 4):
    words = [str(batch) if word == "BATCH" else word for word in command]
    run = subprocess.run(words, input=json.dumps(prompts), capture_output=True, text=True, timeout=3600)
    if run.returncode:
        sys.exit(run.stderr)
    ours = json.loads(run.stdout.strip().splitlines()[-1])
    for i in range(len(prompts)):
        if ours[i] != theirs[i]:
            differ += 1
            print(
                f"batch {batch} prompt {i}: ours {tokenizer.decode(ours[i])!r}, theirs {tokenizer.decode(theirs[i])!r}"
            )
    print(
        f"batch {batch}: {sum(a == b for a, b in zip(ours, theirs, strict=True))} of {len(prompts)} answers equal, "
        f"{sum(map(len, theirs))} tokens"
    )
sys.exit(differ > 0)
