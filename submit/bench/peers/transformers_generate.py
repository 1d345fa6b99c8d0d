"""Tokens a second of transformers' greedy generation, by KV cache, with prompts padded on the left.

transformers_generate.py MODEL_DIR BATCH NEW_TOKENS [nf4 | bf16 | fp32 [TEXTS LOOKED_UP]]

nf4: the linears' weights are bitsandbytes' in 4 bits; bf16: the whole model is. Every answer gets
exactly NEW_TOKENS. With TEXTS, prompts are those of chat_prompts.py; LOOKED_UP is
prompt_lookup_num_tokens, or 0. The first answer is generated once before, untimed. OMP_NUM_THREADS sets the
threads.
"""

import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from chat_prompts import chats
from four_bits import four_bits
from peak import peak_mb
from transformers import AutoModelForCausalLM, AutoTokenizer

ROUNDS = 3

if len(sys.argv) not in (4, 5, 7) or sys.argv[4:5] not in ([], ["nf4"], ["bf16"], ["fp32"]):
    sys.exit(__doc__)
folder, batch, new_tokens = sys.argv[1], *map(int, sys.argv[2:4])
options = four_bits(torch.float32) if sys.argv[4:5] == ["nf4"] else {}
dtype = torch.bfloat16 if sys.argv[4:5] == ["bf16"] else torch.float32
looked_up = int(sys.argv[6]) if len(sys.argv) == 7 else 0
lookup = {"prompt_lookup_num_tokens": looked_up} if looked_up else {}

tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **options).eval()
inputs = tokenizer.apply_chat_template(
    chats(batch, *sys.argv[5:6]), add_generation_prompt=True, padding=True, return_dict=True, return_tensors="pt"
)


def generate(tokens):
    return model.generate(**inputs, do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens, **lookup)


generate(4)
start, processor = time.perf_counter(), time.process_time()
for _ in range(ROUNDS):
    generate(new_tokens)
seconds, processor = time.perf_counter() - start, time.process_time() - processor
tokens = ROUNDS * batch * new_tokens
print(
    f"transformers generate batch {batch} prompt {inputs['input_ids'].shape[1]} new {new_tokens} threads "
    f"{torch.get_num_threads()} tok/s {tokens / seconds:.1f} processor ms a token {processor / tokens * 1e3:.1f} "
    f"peak MB {peak_mb()}"
)
