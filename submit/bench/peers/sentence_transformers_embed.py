"""Full training of an encoder by sentence-transformers on pairs of random tokens, MultipleNegativesRankingLoss.

sentence_transformers_embed.py MODEL_DIR PAIRS LENGTH MICRO THREADS STEPS {float32,bfloat16,autocast}

MICRO pairs pass the model at once; fewer than PAIRS by the cached loss (GradCache). autocast: weights in F32, products
in BF16.
"""

import os
import statistics
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peak import peak_mb
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses

WARM_UP = 3
folder = sys.argv[1]
pairs, length, micro, threads, steps = map(int, sys.argv[2:7])
autocast = sys.argv[7] == "autocast"
dtype = torch.float32 if autocast else getattr(torch, sys.argv[7])

torch.set_num_threads(threads)
model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": dtype}).train()
cached = losses.CachedMultipleNegativesRankingLoss(model, mini_batch_size=micro)
loss_of = losses.MultipleNegativesRankingLoss(model) if micro == pairs else cached
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01, fused=True)
ids = torch.randint(1000, model[0].auto_model.config.vocab_size, (2, pairs, length))
mask = torch.ones_like(ids[0])
seconds = []
for step in range(WARM_UP + steps):
    columns = [{"input_ids": column, "attention_mask": mask} for column in ids]
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = loss_of(columns, torch.zeros(pairs))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    if step >= WARM_UP:
        seconds.append(time.perf_counter() - start)
print(
    f"sentence-transformers {sys.argv[7]} threads {torch.get_num_threads()} seq/s {pairs * steps / sum(seconds):.2f} "
    f"step ms median {1e3 * statistics.median(seconds):.0f} peak MB {peak_mb()} loss {loss.item():.4f}"
)
