"""Writes what TRL's DPOTrainer makes of a few pairs: make_preferences.py TOKENS.json

TOKENS.json: the token ids of prompts and answers. Beside this file, dpo.json: by loss the losses of ten steps over all pairs and
TRL's metrics of the first and the last; dpo.safetensors: gradients of the first step, of some parameters. The model is the golden
llama-tied. Needs trl 1.16, peft.
"""

import json
import pathlib
import sys
import tempfile

import torch
from datasets import Dataset
from peft import LoraConfig
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

MODEL = pathlib.Path(__file__).parents[1] / "golden/models/llama-tied"
MAX_LENGTH = 88
GRADIENTS = ("embed_tokens", "0.self_attn.q_proj", "1.mlp.down_proj", "norm.weight")


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


SEVERAL_TURNS = [user("May I copy it?"), assistant("Yes."), user("And sell it?")]
CHAT = [
    {
        "prompt": [user("What is a license?")],
        "chosen": [assistant("A permission to use the software.")],
        "rejected": [assistant("No idea \U0001f600")],
    },
    {
        "prompt": [{"role": "system", "content": "Be brief."}, *SEVERAL_TURNS],
        "chosen": [assistant("Any person may.")],
        "rejected": [assistant("Ask a lawyer, without restriction.")],
    },
    {
        "prompt": [user("A long prompt, of which one answer is cut: tell me all that you know of licences")],
        "chosen": [assistant("Short.")],
        "rejected": [assistant("An answer that is cut before its end, as it is too long.")],
    },
]
TEXTS = [
    {"prompt": "The software is provided", "chosen": " as is", "rejected": " with love and care"},
    {"prompt": "Copy", "chosen": "right notices stay", "rejected": "left"},
]
# The prompt is what both begin with.
IMPLICIT_CHAT = [
    {"chosen": [user("Who?"), assistant("You and all that come after you.")], "rejected": [user("Who?"), assistant("Me.")]},
]
IMPLICIT_TEXTS = [{"chosen": "Permission is granted to you", "rejected": "Permission is denied"}]
RUNS = {
    "sigmoid": {},
    "ipo": {"loss_type": ["ipo"], "beta": 0.5},
    "robust": {"loss_type": ["robust"], "label_smoothing": 0.1, "beta": 0.3},
    "lora": {"peft": True, "learning_rate": 1e-2},
}


class Losses:
    """Keeps a trainer's losses, and the gradients of the first step before they are clipped."""

    first = None

    def training_step(self, *args, **kwargs):
        loss = super().training_step(*args, **kwargs)
        if self.first is None:
            self.losses = []
            self.first = {name: p.grad.clone() for name, p in self.model.named_parameters() if p.grad is not None}
        self.losses.append(loss.item())
        return loss


class Noting(Losses, DPOTrainer):
    pass


def trained(tokenizer, rows, work, peft=False, **settings):
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager")
    # All pairs in each step, so that their order is none.
    options = dict(learning_rate=1e-3) | settings
    trainer = Noting(
        model=model,
        args=DPOConfig(
            output_dir=work,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            max_steps=10,
            per_device_train_batch_size=len(rows),
            lr_scheduler_type="constant",
            weight_decay=0.0,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            max_length=MAX_LENGTH,
            disable_tqdm=True,
            **options,
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
    names = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen", "logps/rejected")
    told = {
        "losses": trainer.losses,
        "first": {name: steps[0][name] for name in names},
        "last": {name: steps[-1][name] for name in names},
    }
    return trainer, told, start


def tokens(trainer):
    keys = ("prompt_ids", "chosen_ids", "rejected_ids")
    return [{key: row[key] for key in keys} for row in trainer.train_dataset]


def main(file):
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    told, gradients, made = {}, {}, {}
    with tempfile.TemporaryDirectory() as work:
        for name, settings in RUNS.items():
            trainer, told[name], start = trained(tokenizer, CHAT, work, **settings)
            told[name]["settings"] = settings
            made["chat"] = tokens(trainer)
            for parameter, gradient in trainer.first.items():
                if settings.get("peft") or any(part in parameter for part in GRADIENTS):
                    gradients[f"{name}/{parameter}"] = gradient
            gradients |= {f"{name}/start/{parameter}": value for parameter, value in start.items()}
        others = {"texts": TEXTS, "implicit_chat": IMPLICIT_CHAT, "implicit_texts": IMPLICIT_TEXTS}
        for name, rows in others.items():
            made[name] = tokens(trained(tokenizer, rows, work)[0])
    template = (MODEL / "chat_template.jinja").read_text()
    cases = {"max_length": MAX_LENGTH, "chat_template": template}
    for name, rows in {"chat": CHAT, **others}.items():
        cases[name] = [{"row": row, **ids} for row, ids in zip(rows, made[name], strict=True)]
    pathlib.Path(file).write_text(json.dumps(cases, indent=1) + "\n")
    folder = pathlib.Path(__file__).parent
    (folder / "dpo.json").write_text(json.dumps({"pairs": made["chat"], "max_length": MAX_LENGTH, "runs": told}, indent=1) + "\n")
    save_file({name: value.contiguous() for name, value in gradients.items()}, folder / "dpo.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
