"""Full fine-tuning of a classifier by transformers on random tokens: transformers_classify.py MODEL_DIR THREADS STEPS"""

import os
import resource
import statistics
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import AutoModelForSequenceClassification

BATCH, LENGTH, WARM_UP = 16, 128, 3
STEPS = int(sys.argv[3])

torch.set_num_threads(int(sys.argv[2]))
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1], num_labels=2).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, fused=True)
ids = torch.randint(1000, 20000, (BATCH, LENGTH))
mask = torch.ones_like(ids)
labels = torch.arange(BATCH) % 2
seconds = []
for step in range(WARM_UP + STEPS):
    start = time.perf_counter()
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    if step >= WARM_UP:
        seconds.append(time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
print(
    f"transformers threads {torch.get_num_threads()} seq/s {BATCH * STEPS / sum(seconds):.2f} "
    f"step ms median {1e3 * statistics.median(seconds):.0f} peak MB {peak}"
)
