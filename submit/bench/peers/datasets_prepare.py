"""Time of datasets.map(num_proc=2) and to_parquet from the start of the process.

datasets_prepare.py MODEL_DIR JSONL_FILE

Texts are cut at 512 tokens. Cache and result go to a temporary folder, so that nothing is remembered from another run.
"""

import os
import sys
import tempfile
import time

started = time.time() - (
    float(open("/proc/uptime").read().split()[0])
    - int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
)
model, source = sys.argv[1:]
folder = tempfile.TemporaryDirectory()
os.environ["HF_DATASETS_CACHE"] = f"{folder.name}/cache"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
import pyarrow.compute
from datasets import load_dataset
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(model)
data = load_dataset("json", data_files=source, split="train")
loaded = time.time()


def encode(batch):
    encoded = tokenizer(
        batch["text"], truncation=True, max_length=512, return_token_type_ids=False, return_attention_mask=False
    )
    return {"input_ids": encoded["input_ids"]}


data = data.map(encode, batched=True, num_proc=2, remove_columns=["text"])
data.to_parquet(f"{folder.name}/peer.parquet")
done = time.time()
tokens = sum(pyarrow.compute.sum(pyarrow.compute.list_value_length(c)).as_py() for c in data.data["input_ids"].chunks)
print(
    f"datasets prepare tokens {tokens} whole s {done - started:.1f} Mtok/s {tokens / (done - started) / 1e6:.3f} "
    f"map and parquet s {done - loaded:.1f}"
)
