"""Trains with transformers' Trainer, and PEFT for adapters, under the settings of a run."""

import re
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.utils.data import SequentialSampler
from trainer_settings import SAME
from transformers import BitsAndBytesConfig, PrinterCallback, Trainer, TrainingArguments, set_seed

# Settings without a counterpart in the Trainer, and the values at which the Trainer needs none.
OURS_ALONE = {
    "classification.class_weight": None,
    "training.l2_sp": 0,
    "training.layerwise_lr_decay": 1,
    "training.loraplus_lr_ratio": 1,
    "tokenizer.add_special_tokens": [],
    "method.adapter": None,
}


def refuse(config):
    for key, neutral in OURS_ALONE.items():
        section, name = key.split(".")
        if config[section][name] != neutral:
            sys.exit(f"error: {key}: {config[section][name]} is not what the peer can do: check without")


def freeze(model, layers):
    """Freezes the embeddings and the first layers; None: everything but the head."""
    for name, parameter in model.named_parameters():
        number = re.search(r"\.layers?\.(\d+)\.", name)
        if "embeddings" in name or number and (layers is None or int(number[1]) < layers):
            parameter.requires_grad = False


def adapted(model, method, peft_task):
    same = (
        "r",
        "lora_alpha",
        "target_modules",
        "lora_dropout",
        "bias",
        "use_rslora",
        "use_dora",
        "rank_pattern",
        "alpha_pattern",
    )
    return get_peft_model(
        model,
        LoraConfig(
            task_type=peft_task,
            modules_to_save=method["modules_to_save"] or None,
            layers_to_transform=method["layers_to_transform"] or None,
            **{name: method[name] for name in same},
        ),
    )


def load(config, task, start=None):
    """Returns the model that a run trains; start: folder of the initial model, with its drawn head and adapter."""
    method = config["method"]
    options = {"dtype": torch.float32, **task.options}
    if method["type"] == "qlora":
        options["device_map"] = "cpu"
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=method["bnb_4bit_use_double_quant"],
            bnb_4bit_compute_dtype=torch.float32,
        )
    lora = "lora" in method["type"]
    model = task.model_class.from_pretrained(start if start and not lora else config["model"], **options)
    model.config.use_cache = False
    if method["type"] == "freeze":
        freeze(model, method["freeze_layers"])
    if lora and start:
        return PeftModel.from_pretrained(model, start, is_trainable=True)
    return adapted(model, method, task.peft_task) if lora else model


class InOrder(Trainer):
    """Takes the samples in their order."""

    def _get_train_sampler(self, *_):
        return SequentialSampler(self.train_dataset)


def train(config, model, samples, batch, seed, work, kind=Trainer, group_by_length=False):
    """Returns the log records of the training; the last one has its samples per second."""
    refuse(config)
    training = config["training"]
    trainer = kind(
        model=model,
        args=TrainingArguments(
            output_dir=work,
            seed=seed,
            max_steps=training["max_steps"] or -1,
            per_device_train_batch_size=training["per_device_train_batch_size"] * config["cluster"]["ranks"],
            save_strategy="no",
            logging_steps=1,
            report_to=[],
            remove_unused_columns=False,
            neftune_noise_alpha=training["neftune_noise_alpha"] or None,
            group_by_length=group_by_length,
            use_cpu=True,
            disable_tqdm=True,
            **{name: training[name] for name in SAME},
        ),
        train_dataset=samples,
        data_collator=batch,
    )
    # The Trainer would print every step.
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return trainer.state.log_history


def losses(config, task, start, lines, work):
    """Returns the loss of each step of a training from the model in start, on the drawn samples in their order."""
    model = load(config, task, start)
    logged = train(config, model, task.drawn(lines), task.drawn_batch, 0, work, InOrder)
    return [step["loss"] for step in logged if "loss" in step]


def reached(config, task, seed, work, group_by_length):
    """Returns the task's metric after a training with transformers, and the training's samples per second."""
    set_seed(seed)
    model = load(config, task)
    logged = train(config, model, task.train, task.batch, seed, work, group_by_length=group_by_length)
    model.eval()
    outputs = []
    with torch.no_grad():
        for start in range(0, len(task.held_out), task.eval_batch):
            rows = task.held_out[start : start + task.eval_batch]
            batch = task.drawn_batch(rows)
            labels = {name: batch.pop(name) for name in list(batch) if name in task.answers}
            outputs += task.predictions(model(**batch), rows, labels)
    return task.score(outputs), logged[-1]["train_samples_per_second"]
