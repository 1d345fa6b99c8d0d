"""Tokens a second of transformers and PEFT on random tokens, and their peak memory, loading included.

peft_train.py MODEL_DIR {lora,qlora,full} {float32,bfloat16,autocast} BATCH LENGTH STEPS [ckpt]

autocast: weights in F32, products in BF16. Causal language modelling; LoRA is r 8 on PEFT's linears for the model, or
q_proj and v_proj; ckpt recomputes activations. OMP_NUM_THREADS sets the threads.
"""

import os
import statistics
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from four_bits import four_bits
from peak import peak_mb
from peft import LoraConfig, get_peft_model
from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
from transformers import AutoModelForCausalLM

WARM_UP = 2

if len(sys.argv) not in (7, 8) or sys.argv[2] not in ("lora", "qlora", "full") or sys.argv[7:] not in ([], ["ckpt"]):
    sys.exit(__doc__)
folder, mode, autocast = sys.argv[1], sys.argv[2], sys.argv[3] == "autocast"
dtype = torch.float32 if autocast else getattr(torch, sys.argv[3])
batch, length, steps, recompute = *map(int, sys.argv[4:7]), len(sys.argv) == 8

options = {"dtype": dtype}
if mode == "qlora":
    options.update(four_bits(torch.bfloat16 if autocast else dtype))
model = AutoModelForCausalLM.from_pretrained(folder, **options)
model.config.use_cache = False
if mode != "full":
    known = model.config.model_type in TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
    # What PEFT takes of Llama's kin that it has not heard of; Phi-3 has them in one.
    fused = any(name.endswith("qkv_proj") for name, _ in model.named_modules())
    targets = None if known else ["qkv_proj"] if fused else ["q_proj", "v_proj"]
    adapter = LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type="CAUSAL_LM")
    model = get_peft_model(model, adapter)
if recompute:
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if mode != "full":
        model.enable_input_require_grads()
model.train()
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
ids = torch.randint(100, model.config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(1))
seconds = []
for step in range(WARM_UP + steps):
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if step >= WARM_UP:
        seconds.append(time.perf_counter() - start)
print(
    f"peft {' '.join(sys.argv[2:])} threads {torch.get_num_threads()} "
    f"tok/s {batch * length * steps / sum(seconds):.0f} "
    f"step ms median {1e3 * statistics.median(seconds):.0f} peak MB {peak_mb()} "
    f"trainable {sum(parameter.numel() for parameter in trained)} loss {loss.item():.4f}"
)
