"""What runs of TRL's trainers have in common."""

import time

from peft import LoraConfig
from transformers import TrainerCallback


class Clock(TrainerCallback):
    """Seconds from the first step's start to the last one's end."""

    def on_train_begin(self, *_, **__):
        self.start = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.end = time.perf_counter()


def lora(method):
    """The adapter of a recipe."""
    return LoraConfig(
        r=method["r"],
        lora_alpha=method["lora_alpha"],
        target_modules=method["target_modules"],
        task_type="CAUSAL_LM",
    )


def settings(recipe, samples, steps, output):
    """A recipe's training in F32 on the CPU, with so many samples a step and without checkpoints."""
    training = recipe["training"]
    return {
        "output_dir": output,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "max_length": recipe["data"]["max_length"],
        "per_device_train_batch_size": samples,
        "num_train_epochs": training["num_train_epochs"],
        "max_steps": steps,
        "learning_rate": training["learning_rate"],
        "lr_scheduler_type": training["lr_scheduler_type"],
        "warmup_ratio": training["warmup_ratio"],
        "logging_steps": 10,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
