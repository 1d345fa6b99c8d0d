"""An epoch of a recipe on preferences by TRL's DPOTrainer: time, pairs, peak memory (loading included).

trl_dpo.py RECIPE [STEPS] [rows=N]

Run in the project's root, whose paths the recipe names. Model, data, adapter, loss, max_length and schedule are the recipe's; fp32 on
the CPU, no checkpointing of activations, the reference is the model without its adapter, asked in each step, as is TRL's default.
STEPS ends it earlier, rows=N trains on the first rows alone.
"""

import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import datasets
import torch
import trl_run
import yaml
from peak import peak_mb
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

arguments = sys.argv[1:]
if not arguments:
    sys.exit(__doc__)
with open(arguments.pop(0), encoding="utf-8") as file:
    recipe = yaml.safe_load(file)
steps = int(next((argument for argument in arguments if argument.isdigit()), -1))
rows = next((int(argument[5:]) for argument in arguments if argument.startswith("rows=")), None)
training, preference = recipe["training"], recipe.get("preference", {})

pairs = datasets.load_dataset("json", data_files=recipe["data"]["train"], split="train")
pairs = pairs.select(range(rows or len(pairs)))
samples = training["per_device_train_batch_size"] * training.get("gradient_accumulation_steps", 1)
samples *= recipe["cluster"]["ranks"]
clock = trl_run.Clock()
with tempfile.TemporaryDirectory() as output:
    trainer = DPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(recipe["model"], dtype=torch.float32),
        args=DPOConfig(
            **trl_run.settings(recipe, samples, steps, output),
            beta=preference.get("beta", 0.1),
            loss_type=[preference.get("loss_type", "sigmoid")],
        ),
        train_dataset=pairs,
        processing_class=AutoTokenizer.from_pretrained(recipe["model"]),
        peft_config=trl_run.lora(recipe["method"]),
        callbacks=[clock],
    )
    result = trainer.train()
seconds = clock.end - clock.start
seen = min(len(pairs), result.global_step * samples)
print(
    f"trl threads {torch.get_num_threads()} steps {result.global_step} of {samples} pairs seconds {seconds:.1f} "
    f"whole s {seconds:.1f} pairs {seen} peak MB {peak_mb()} loss {result.training_loss:.4f}"
)
