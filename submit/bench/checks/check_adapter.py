"""Compares peft's logits of an adapter with a command's, before and after peft has trained the adapter further.

check_adapter.py ADAPTER_DIR COMMAND [ARG ...]: the command gets the folders of base and adapter, and task_type

A language model's logits are those of the next token.

"""

import json
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from chat_prompts import PROMPTS, chats
from peft import PeftModel
from transformers import AutoTokenizer

TOLERANCE = 1e-3
STEPS = 5

folder, command = sys.argv[1], sys.argv[2:]
with open(os.path.join(folder, "adapter_config.json"), encoding="utf-8") as file:
    config = json.load(file)
base, task = config["base_model_name_or_path"], config["task_type"]
generates = task == "CAUSAL_LM"
# AutoModel for text may not know the class of a multimodal base.
with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
    kind = getattr(transformers, json.load(file)["architectures"][0])
tokenizer = AutoTokenizer.from_pretrained(folder)
if generates and tokenizer.chat_template:
    prompts = [tokenizer.apply_chat_template(chat, add_generation_prompt=True) for chat in chats(10)]
else:
    prompts = tokenizer(PROMPTS)["input_ids"]
# The default attention of transformers ignores Gemma 2's cap of the scores.
plain = kind.from_pretrained(base, dtype=torch.float32, attn_implementation="eager").eval()


def logits_of(model):
    with torch.no_grad():
        return torch.stack(
            [model(input_ids=torch.tensor([ids])).logits[0, -1 if generates else slice(None)] for ids in prompts]
        )


def compare(name, adapter, theirs):
    run = subprocess.run(
        [*command, base, adapter, task], input=json.dumps(prompts), capture_output=True, text=True, timeout=600
    )
    if run.returncode:
        sys.exit(run.stderr)
    ours = torch.tensor(json.loads(run.stdout.strip().splitlines()[-1]))
    difference = (theirs - ours).abs().max().item()
    print(
        f"{name}: largest difference of {ours.numel()} logits {difference:.1e} (allowed {TOLERANCE:.0e}); "
        f"the base's differ from them by {(theirs - base_logits).abs().max().item():.1f}"
    )
    return difference <= TOLERANCE


base_logits = logits_of(plain)
model = PeftModel.from_pretrained(plain, folder, is_trainable=True).eval()
equal = compare("ours in peft", folder, logits_of(model))
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-3)
for _ in range(STEPS):
    ids = torch.tensor([prompts[0]])
    model(input_ids=ids, labels=ids if generates else torch.tensor([0])).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
with tempfile.TemporaryDirectory() as further:
    model.save_pretrained(further)
    equal &= compare(f"{STEPS} steps of peft further, here", further, logits_of(model))
sys.exit(not equal)
