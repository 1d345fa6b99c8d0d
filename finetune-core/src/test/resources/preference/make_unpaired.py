"""Writes what TRL's KTOTrainer makes of a few answers: make_unpaired.py TOKENS.json

TOKENS.json: the token ids of prompts, answers and the answers that they are compared with. Beside this file, kto.json and
kto.safetensors, as make_preferences.py writes them of pairs. Needs trl 1.16, peft.
"""

import json
import pathlib
import sys
import tempfile

import torch
from datasets import Dataset
from make_preferences import CHAT, GRADIENTS, MAX_LENGTH, MODEL, TEXTS, Losses
from peft import LoraConfig
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import KTOConfig, KTOTrainer

RUNS = {
    "kto": {},
    "weighted": {"desirable_weight": 1.5, "undesirable_weight": 0.5, "beta": 0.3},
    "apo": {"loss_type": "apo_zero_unpaired"},
    "lora": {"peft": True, "learning_rate": 1e-2},
}
METRICS = ("kl", "rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected")


def answers(pairs):
    """A good answer of each pair, and a bad one of all but the first."""
    rated = [{"prompt": pair["prompt"], "completion": pair["chosen"], "label": True} for pair in pairs]
    return rated + [{"prompt": pair["prompt"], "completion": pair["rejected"], "label": False} for pair in pairs[1:]]


class Noting(Losses, KTOTrainer):
    pass


def trained(tokenizer, rows, work, peft=False, **settings):
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager")
    trainer = Noting(
        model=model,
        args=KTOConfig(
            output_dir=work,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            max_steps=10,
            # All answers in each step, so that their order is none.
            per_device_train_batch_size=len(rows),
            lr_scheduler_type="constant",
            weight_decay=0.0,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            max_length=MAX_LENGTH,
            disable_tqdm=True,
            **(dict(learning_rate=1e-3) | settings),
        ),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(rows),
        peft_config=LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]) if peft else None,
    )
    if peft:
        # B starts as zeros, and A as the same numbers here and there.
        torch.manual_seed(3)
        for name, parameter in trainer.model.named_parameters():
            if "lora_" in name:
                parameter.data.normal_(std=0.1)
    start = {name: p.detach().clone() for name, p in trainer.model.named_parameters() if "lora_" in name}
    trainer.train()
    steps = [line for line in trainer.state.log_history if "loss" in line]
    told = {
        "losses": trainer.losses,
        "first": {name: steps[0][name] for name in METRICS},
        "last": {name: steps[-1][name] for name in METRICS},
    }
    return trainer, told, start


def tokens(trainer):
    keys = ("prompt_ids", "completion_ids", "KL_completion_ids", "label")
    return [{key: row[key] for key in keys} for row in trainer.train_dataset]


def main(file):
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    told, gradients, made = {}, {}, {}
    with tempfile.TemporaryDirectory() as work:
        for name, settings in RUNS.items():
            trainer, told[name], start = trained(tokenizer, answers(CHAT), work, **settings)
            told[name]["settings"] = settings
            if name == "kto":
                made["chat"] = tokens(trainer)
            for parameter, gradient in trainer.first.items():
                if settings.get("peft") or any(part in parameter for part in GRADIENTS):
                    gradients[f"{name}/{parameter}"] = gradient
            gradients |= {f"{name}/start/{parameter}": value for parameter, value in start.items()}
        made["texts"] = tokens(trained(tokenizer, answers(TEXTS), work)[0])
    cases = {"max_length": MAX_LENGTH, "chat_template": (MODEL / "chat_template.jinja").read_text()}
    for name, pairs in {"chat": CHAT, "texts": TEXTS}.items():
        cases[name] = [{"row": row, **ids} for row, ids in zip(answers(pairs), made[name], strict=True)]
    pathlib.Path(file).write_text(json.dumps(cases, indent=1) + "\n")
    folder = pathlib.Path(__file__).parent
    (folder / "kto.json").write_text(json.dumps({"answers": made["chat"], "max_length": MAX_LENGTH, "runs": told}, indent=1) + "\n")
    save_file({name: value.contiguous() for name, value in gradients.items()}, folder / "kto.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
