"""Compares transformers' logits with those that a command prints: check_transformers.py MODEL_DIR COMMAND [ARG ...]"""

import json
import os
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers

TOLERANCE = 1e-4
TEXTS = [
    "The central bank left interest rates where they were, and shares rose.",
    "The striker scored twice in the second half to win the cup.",
    "A new telephone was shown, with a camera on either side.",
    "Parliament voted late at night on the budget for schools and hospitals.",
    "The film opens in cinemas next week; its director was not there.",
    "No.",
    "word " * 400,
]

folder, command = sys.argv[1], sys.argv[2:]
tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
architecture = transformers.AutoConfig.from_pretrained(folder).architectures[0]
model, loading = getattr(transformers, architecture).from_pretrained(folder, output_loading_info=True)
for problem in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
    if loading[problem]:
        sys.exit(f"{folder}: {problem} {loading[problem]}")
model.eval()
longest = min(128, model.config.max_position_embeddings)
ids = [tokenizer(text, truncation=True, max_length=longest)["input_ids"] for text in TEXTS]


def logits(output):
    """Returns the logits; for question answering, the logits of first and last token for each token."""
    return output.logits if "logits" in output else torch.stack([output.start_logits, output.end_logits], dim=-1)


with torch.no_grad():
    theirs = [logits(model(input_ids=torch.tensor([row])))[0].flatten() for row in ids]
run = subprocess.run(command, input=json.dumps(ids), capture_output=True, text=True, timeout=300)
if run.returncode:
    sys.exit(run.stderr)
ours = [torch.tensor(row) for row in json.loads(run.stdout.strip().splitlines()[-1])]
# For logits of tokens, our output ends with the logits of the padding.
difference = max((a - b[: len(a)]).abs().max().item() for a, b in zip(theirs, ours, strict=True))
print(f"{architecture}, {model.config.problem_type}, labels {list(model.config.id2label.values())}")
print(f"largest difference of {sum(len(row) for row in theirs)} logits: {difference:.2e} (allowed {TOLERANCE:.0e})")
sys.exit(difference > TOLERANCE)
