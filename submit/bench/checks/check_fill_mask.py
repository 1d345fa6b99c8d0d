"""Compares the mask tokens that transformers, with PEFT for an adapter, predicts with a command's.

check_fill_mask.py MODEL_DIR COMMAND [ARG ...]

"""

import json
import os
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import PeftModel
from transformers import AutoModelForMaskedLM, AutoTokenizer

TOLERANCE = 1e-4
TOP_K = 5
TEXTS = [
    "The licensee may {} the software.",
    "Permission is hereby {}, free of {}, to any person.",
    "{}",
    "This license {} " + "and the copyright notice " * 4 + "{} provided.",
]

folder, command = sys.argv[1], sys.argv[2:]
tokenizer = AutoTokenizer.from_pretrained(folder)
settings = os.path.join(folder, "adapter_config.json")
if os.path.exists(settings):
    with open(settings, encoding="utf-8") as file:
        base = json.load(file)["base_model_name_or_path"]
    model = PeftModel.from_pretrained(AutoModelForMaskedLM.from_pretrained(base), folder)
else:
    model, loading = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if loading[problem]:
            sys.exit(f"{folder}: {problem} {loading[problem]}")
model.eval()
ids = [tokenizer(text.replace("{}", tokenizer.mask_token))["input_ids"] for text in TEXTS]
theirs = []
with torch.no_grad():
    for row in map(torch.tensor, ids):
        logits = model(input_ids=row.unsqueeze(0)).logits[0, row == tokenizer.mask_token_id]
        theirs.append(logits.softmax(-1).topk(TOP_K))
run = subprocess.run(command, input=json.dumps(ids), capture_output=True, text=True, timeout=300)
if run.returncode:
    sys.exit(run.stderr)
ours = json.loads(run.stdout.strip().splitlines()[-1])
worst = 0.0
for (scores, tokens), rows in zip(theirs, ours, strict=True):
    for row, score, token in zip(rows, scores.flatten().tolist(), tokens.flatten().tolist(), strict=True):
        worst = max(worst, abs(row["score"] - score))
        # Two tokens may be equally likely.
        if row["token"] != token and abs(row["score"] - score) > TOLERANCE:
            sys.exit(f"{row} instead of {token}, {score}")
        if row["token"] == token and row["token_str"] != tokenizer.decode([token]):
            sys.exit(f"{row} instead of {tokenizer.decode([token])!r}")
print(f"largest difference of {sum(map(len, ours))} probabilities: {worst:.2e} (allowed {TOLERANCE:.0e})")
sys.exit(worst > TOLERANCE)
