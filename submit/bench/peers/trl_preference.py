"""An epoch of a recipe on preferences by TRL's DPOTrainer or KTOTrainer: time, samples, peak memory (loading included).

trl_preference.py RECIPE [STEPS] [rows=N]

Run in the project's root, whose paths the recipe names. Model, data, adapter, loss, max_length and schedule are the
recipe's; fp32 on the CPU, no checkpointing of activations, the reference is the model without its adapter, asked in
each step, as is TRL's default. STEPS ends it earlier, rows=N trains on the first rows alone.
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
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

arguments = sys.argv[1:]
if not arguments:
    sys.exit(__doc__)
with open(arguments.pop(0), encoding="utf-8") as file:
    recipe = yaml.safe_load(file)
steps = int(next((argument for argument in arguments if argument.isdigit()), -1))
rows = next((int(argument[5:]) for argument in arguments if argument.startswith("rows=")), None)
training = recipe["training"]
if recipe["task"] == "preference":
    trainer, config, kind = DPOTrainer, DPOConfig, "pairs"
    preference = recipe.get("preference", {})
    loss = {"loss_type": [preference.get("loss_type", "sigmoid")]}
else:
    trainer, config, kind = KTOTrainer, KTOConfig, "answers"
    preference = recipe.get("unpaired_preference", {})
    loss = {
        key: preference[key] for key in ("loss_type", "desirable_weight", "undesirable_weight") if key in preference
    }

rated = datasets.load_dataset("json", data_files=recipe["data"]["train"], split="train")
rated = rated.select(range(rows or len(rated)))
samples = training["per_device_train_batch_size"] * training.get("gradient_accumulation_steps", 1)
samples *= recipe["cluster"]["ranks"]
clock = trl_run.Clock()
with tempfile.TemporaryDirectory() as output:
    trained = trainer(
        model=AutoModelForCausalLM.from_pretrained(recipe["model"], dtype=torch.float32),
        args=config(
            **trl_run.settings(recipe, samples, steps, output),
            beta=preference.get("beta", 0.1),
            **loss,
        ),
        train_dataset=rated,
        processing_class=AutoTokenizer.from_pretrained(recipe["model"]),
        peft_config=trl_run.lora(recipe["method"]),
        callbacks=[clock],
    )
    result = trained.train()
seconds = clock.end - clock.start
seen = min(len(rated), result.global_step * samples)
print(
    f"trl threads {torch.get_num_threads()} steps {result.global_step} of {samples} {kind} seconds {seconds:.1f} "
    f"whole s {seconds:.1f} {kind} {seen} peak MB {peak_mb()} loss {result.training_loss:.4f}"
)
