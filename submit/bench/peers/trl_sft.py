"""An epoch of a recipe by TRL's SFTTrainer: time, tokens, loss tokens, peak memory (loading included).

trl_sft.py RECIPE [packing] [STEPS]

Run in the project's root, whose paths the recipe names. Model, data, adapter, max_length and schedule are the recipe's;
fp32 on the CPU, no checkpointing of activations, loss on the assistant's turns. With packing a step has the recipe's
samples of max_length; without, as many conversations as have the same number of tokens on average. STEPS ends it
earlier.
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


arguments = sys.argv[1:]
if not arguments:
    sys.exit(__doc__)
with open(arguments.pop(0), encoding="utf-8") as file:
    recipe = yaml.safe_load(file)
packing = "packing" in arguments
steps = int(next((argument for argument in arguments if argument.isdigit()), -1))
data, training = recipe["data"], recipe["training"]

tokenizer = AutoTokenizer.from_pretrained(recipe["model"])
template = tokenizer.chat_template
tokenizer.chat_template = template.replace(TURN, MARKED)
if tokenizer.chat_template == template:
    sys.exit(f"error: the chat template of {recipe['model']} is not the one that the marks are known for")

conversations = datasets.load_dataset("json", data_files=data["train"], split="train")
texts = [tokenizer.apply_chat_template(messages, tokenize=False) for messages in conversations["messages"]]
if texts != [
    tokenizer.apply_chat_template(m, tokenize=False, chat_template=template) for m in conversations["messages"]
]:
    sys.exit("error: the marked chat template does not render what the model's own does")
samples = training["per_device_train_batch_size"] * training.get("gradient_accumulation_steps", 1)
samples *= recipe["cluster"]["ranks"]
if not packing:
    tokens = sum(len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"])
    samples = round(samples * data["max_length"] * len(texts) / tokens)

clock = trl_run.Clock()
with tempfile.TemporaryDirectory() as output:
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(recipe["model"], dtype=torch.float32),
        args=SFTConfig(**trl_run.settings(recipe, samples, steps, output), assistant_only_loss=True, packing=packing),
        train_dataset=conversations,
        processing_class=tokenizer,
        peft_config=trl_run.lora(recipe["method"]),
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
