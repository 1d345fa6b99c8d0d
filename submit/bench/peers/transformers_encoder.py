"""Full training of an encoder by transformers on random tokens.

transformers_encoder.py MODEL_DIR TASK THREADS STEPS {float32,bfloat16,autocast}

autocast: weights in F32, products in BF16.
"""

import os
import statistics
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peak import peak_mb
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
)

BATCH, LENGTH, WARM_UP = 16, 128, 3
MODELS = {
    "classification": AutoModelForSequenceClassification,
    "masked-lm": AutoModelForMaskedLM,
    "token-classification": AutoModelForTokenClassification,
    "question-answering": AutoModelForQuestionAnswering,
}
folder, task, threads, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
autocast = sys.argv[5] == "autocast"
dtype = torch.float32 if autocast else getattr(torch, sys.argv[5])

torch.set_num_threads(threads)
options = {"num_labels": 2} if task.endswith("classification") else {}
model = MODELS[task].from_pretrained(folder, dtype=dtype, **options).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01, fused=True)
ids = torch.randint(1000, model.config.vocab_size, (BATCH, LENGTH))
place = torch.full((BATCH,), LENGTH // 2)
targets = {
    "classification": {"labels": torch.arange(BATCH) % 2},
    "token-classification": {"labels": (torch.arange(LENGTH) % 2).repeat(BATCH, 1)},
    "question-answering": {"start_positions": place, "end_positions": place + 1},
}
if task == "masked-lm":
    collator = DataCollatorForLanguageModeling(AutoTokenizer.from_pretrained(folder), mlm_probability=0.15)
    rows = [{"input_ids": row} for row in ids]
mask = torch.ones_like(ids)
seconds = []
for step in range(WARM_UP + steps):
    batch = dict(collator(rows)) if task == "masked-lm" else {"input_ids": ids, **targets[task]}
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = model(**{**batch, "attention_mask": mask}).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    if step >= WARM_UP:
        seconds.append(time.perf_counter() - start)
print(
    f"transformers {sys.argv[5]} threads {torch.get_num_threads()} seq/s {BATCH * steps / sum(seconds):.2f} "
    f"step ms median {1e3 * statistics.median(seconds):.0f} peak MB {peak_mb()} loss {loss.item():.4f}"
)
