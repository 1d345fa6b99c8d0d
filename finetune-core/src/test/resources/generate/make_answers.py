"""Writes answers.json: how transformers' generate continues prompts, for each language model of ../golden/models.

Greedy and with a repetition penalty, in one batch that is padded on the left; each prompt alone must give the same.
Logits are those of the last new token, from the whole text at once.
"""

import json
import os
import pathlib

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import AutoModelForCausalLM

SETTINGS = [{"max_new_tokens": 40}, {"max_new_tokens": 20, "repetition_penalty": 1.3}]
LENGTHS = [5, 17, 1, 9]

here = pathlib.Path(__file__).parent
torch.set_num_threads(1)
cases = []
for folder in sorted((here.parent / "golden/models").iterdir()):
    config = json.loads((folder / "config.json").read_text())
    if not config["architectures"][0].endswith(("ForCausalLM", "LMHeadModel")):
        continue
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    random = torch.Generator().manual_seed(11)
    prompts = [torch.randint(5, config["vocab_size"], (length,), generator=random).tolist() for length in LENGTHS]
    for settings in SETTINGS:
        # Any token pads; the pad token of the model may be one that ends a text.
        options = dict(settings, do_sample=False, eos_token_id=-1, pad_token_id=0)
        width = max(LENGTHS)
        ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        alone = [model.generate(torch.tensor([prompt]), **options)[0, len(prompt) :].tolist() for prompt in prompts]
        if "repetition_penalty" not in settings:  # Padding would be penalised, too.
            together = model.generate(ids, attention_mask=mask, **options)[:, width:].tolist()
            assert together == alone, folder
        with torch.no_grad():
            last = [model(torch.tensor([p + a])).logits[0, -1].tolist() for p, a in zip(prompts, alone, strict=True)]
        cases.append(
            {
                "model": folder.name,
                "settings": settings,
                "prompts": prompts,
                "answers": alone,
                "last_logits": [[round(value, 6) for value in row] for row in last],
            }
        )
(here / "answers.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
