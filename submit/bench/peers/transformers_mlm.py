"""Full training of a masked language model by transformers on random tokens: transformers_mlm.py MODEL_DIR THREADS STEPS"""

import os
import statistics
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peak import peak_mb
from transformers import AutoModelForMaskedLM, AutoTokenizer, DataCollatorForLanguageModeling

BATCH, LENGTH, WARM_UP = 16, 128, 3
STEPS = int(sys.argv[3])

torch.set_num_threads(int(sys.argv[2]))
model = AutoModelForMaskedLM.from_pretrained(sys.argv[1]).train()
collator = DataCollatorForLanguageModeling(AutoTokenizer.from_pretrained(sys.argv[1]), mlm_probability=0.15)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01, fused=True)
texts = [{"input_ids": row} for row in torch.randint(1000, model.config.vocab_size, (BATCH, LENGTH))]
mask = torch.ones(BATCH, LENGTH, dtype=torch.long)
seconds = []
for step in range(WARM_UP + STEPS):
    masked = collator(texts)
    start = time.perf_counter()
    loss = model(input_ids=masked["input_ids"], attention_mask=mask, labels=masked["labels"]).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    if step >= WARM_UP:
        seconds.append(time.perf_counter() - start)
print(
    f"transformers threads {torch.get_num_threads()} seq/s {BATCH * STEPS / sum(seconds):.2f} "
    f"step ms median {1e3 * statistics.median(seconds):.0f} peak MB {peak_mb()} loss {loss.item():.4f}"
)
