"""Ten steps of TRL's trainers over a few rows with the golden llama-tied, for the scripts beside this one.

Needs trl 1.16, peft.
"""

import json
import pathlib
import tempfile

import torch
from datasets import Dataset
from peft import LoraConfig
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = pathlib.Path(__file__).parent
MODEL = HERE.parent / "golden/models/llama-tied"
MAX_LENGTH = 88
GRADIENTS = ("embed_tokens", "0.self_attn.q_proj", "1.mlp.down_proj", "norm.weight")


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


def trained(trainer, config, tokenizer, rows, work, peft=False, model=None, **settings):
    """Returns a trainer after ten steps, each over all rows so that their order is none, and its first adapter."""
    options = dict(learning_rate=1e-3) | settings
    noting = type("Noting", (Losses, trainer), {})(
        model=model or AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager"),
        args=config(
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
        peft_config=(
            LoraConfig(
                r=4,
                lora_alpha=8,
                target_modules=["q_proj", "v_proj"],
                task_type="SEQ_CLS" if model is not None else None,
                modules_to_save=["score"] if model is not None else None,
            )
            if peft
            else None
        ),
    )
    if peft:
        # B starts as zeros, and A as the same numbers here and there.
        torch.manual_seed(3)
        for name, parameter in noting.model.named_parameters():
            if "lora_" in name:
                parameter.data.normal_(std=0.1)
    start = {name: p.detach().clone() for name, p in noting.model.named_parameters() if "lora_" in name}
    noting.train()
    return noting, start


def write(file, name, samples, trainer, config, runs, sources, keys, metrics):
    """Writes the token ids of all sources into file, and NAME.json and NAME.safetensors of the first source.

    samples is what NAME.json calls the rows, keys what the trainer calls their ids, metrics the values of the first
    and last step.
    """
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    recorded, gradients, made = {}, {}, {}
    chat = next(iter(sources))

    def tokens(noting):
        return [{key: row[key] for key in keys if key in row} for row in noting.train_dataset]

    with tempfile.TemporaryDirectory() as work:
        for run, settings in runs.items():
            noting, start = trained(trainer, config, tokenizer, sources[chat], work, **settings)
            steps = [line for line in noting.state.log_history if "loss" in line]
            ends = {"first": steps[0], "last": steps[-1]}
            recorded[run] = {"losses": noting.losses} | {
                end: {key: step[key] for key in metrics} for end, step in ends.items()
            }
            recorded[run]["settings"] = settings
            made.setdefault(chat, tokens(noting))
            for parameter, gradient in noting.first.items():
                if settings.get("peft") or any(part in parameter for part in GRADIENTS):
                    gradients[f"{run}/{parameter}"] = gradient
            gradients |= {f"{run}/start/{parameter}": value for parameter, value in start.items()}
        for source, rows in sources.items():
            if source != chat:
                made[source] = tokens(trained(trainer, config, tokenizer, rows, work)[0])
    cases = {"max_length": MAX_LENGTH, "chat_template": (MODEL / "chat_template.jinja").read_text()}
    for source, rows in sources.items():
        cases[source] = [{"row": row, **ids} for row, ids in zip(rows, made[source], strict=True)]
    pathlib.Path(file).write_text(json.dumps(cases, indent=1) + "\n")
    content = {samples: made[chat], "max_length": MAX_LENGTH, "runs": recorded}
    (HERE / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    save_file({key: value.contiguous() for key, value in gradients.items()}, HERE / f"{name}.safetensors")
