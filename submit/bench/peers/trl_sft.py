"""An epoch of a recipe by TRL's SFTTrainer: time, tokens, loss tokens, peak memory (loading included).

trl_sft.py RECIPE [packing] [STEPS]

Run in the project's root, whose paths the recipe names. Model, data, adapter, max_length and schedule are the recipe's; fp32
on the CPU, no checkpointing of activations, loss on the assistant's turns. With packing a step has the recipe's samples of
max_length; without, as many conversations as have the same number of tokens on average. STEPS ends it earlier.
"""

import os
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import datasets
import torch
import yaml
from peak import peak_mb
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

# SmolLM2's own template with the marks that TRL needs to find the assistant's turns, end token included.
TURN = "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
MARKED = (
    "{{'<|im_start|>' + message['role'] + '\n'}}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{message['content'] + '<|im_end|>'}}{% endgeneration %}"
    "{% else %}{{message['content'] + '<|im_end|>'}}{% endif %}"
    "{{'\n'}}"
)


class Clock(TrainerCallback):
    """Seconds from the first step's start to the last one's end."""

    def on_train_begin(self, *_, **__):
        self.start = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.end = time.perf_counter()


arguments = sys.argv[1:]
if not arguments:
    sys.exit(__doc__)
with open(arguments.pop(0), encoding="utf-8") as file:
    recipe = yaml.safe_load(file)
packing = "packing" in arguments
steps = int(next((argument for argument in arguments if argument.isdigit()), -1))
data, method, training = recipe["data"], recipe["method"], recipe["training"]

tokenizer = AutoTokenizer.from_pretrained(recipe["model"])
template = tokenizer.chat_template
tokenizer.chat_template = template.replace(TURN, MARKED)
if tokenizer.chat_template == template:
    sys.exit(f"error: the chat template of {recipe['model']} is not the one that the marks are known for")

conversations = datasets.load_dataset("json", data_files=data["train"], split="train")
texts = [tokenizer.apply_chat_template(messages, tokenize=False) for messages in conversations["messages"]]
if texts != [tokenizer.apply_chat_template(m, tokenize=False, chat_template=template) for m in conversations["messages"]]:
    sys.exit("error: the marked chat template does not render what the model's own does")
samples = training["per_device_train_batch_size"] * training.get("gradient_accumulation_steps", 1)
samples *= recipe["cluster"]["ranks"]
if not packing:
    tokens = sum(len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"])
    samples = round(samples * data["max_length"] * len(texts) / tokens)

clock = Clock()
with tempfile.TemporaryDirectory() as output:
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(recipe["model"], dtype=torch.float32),
        args=SFTConfig(
            output_dir=output,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            assistant_only_loss=True,
            max_length=data["max_length"],
            packing=packing,
            per_device_train_batch_size=samples,
            num_train_epochs=training["num_train_epochs"],
            max_steps=steps,
            learning_rate=training["learning_rate"],
            lr_scheduler_type=training["lr_scheduler_type"],
            warmup_ratio=training["warmup_ratio"],
            logging_steps=10,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        ),
        train_dataset=conversations,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=method["r"],
            lora_alpha=method["lora_alpha"],
            target_modules=method["target_modules"],
            task_type="CAUSAL_LM",
        ),
        callbacks=[clock],
    )
    rows = trainer.train_dataset
    tokens = sum(len(ids) for ids in rows["input_ids"])
    loss_tokens = sum(label != -100 for labels in rows["labels"] for label in labels)
    result = trainer.train()
seen = min(1, result.global_step * samples / len(rows)) * tokens
print(
    f"trl packing {packing} threads {torch.get_num_threads()} steps {result.global_step} of {samples} samples "
    f"seconds {clock.end - clock.start:.1f} tok/s {seen / (clock.end - clock.start):.1f} "
    f"samples {len(rows)} tokens {tokens} loss tokens {loss_tokens} peak MB {peak_mb()} loss {result.training_loss:.4f}"
)
