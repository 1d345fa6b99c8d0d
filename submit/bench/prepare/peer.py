"""Times datasets.map(num_proc=2) and to_parquet from the start of the process. Arguments: model folder, JSONL file, folder
to write (which also takes the cache, so that nothing is remembered from another run)."""
import os
import sys
import time

started = time.time() - (
    float(open("/proc/uptime").read().split()[0])
    - int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK"))
model, source, target = sys.argv[1:]
os.environ["HF_DATASETS_CACHE"] = f"{target}/cache"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
from datasets import load_dataset
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(model)
data = load_dataset("json", data_files=source, split="train")
loaded = time.time()


def encode(batch):
    encoded = tokenizer(batch["text"], truncation=True, max_length=512, return_token_type_ids=False, return_attention_mask=False)
    return {"input_ids": encoded["input_ids"]}


data = data.map(encode, batched=True, num_proc=2, remove_columns=["text"])
data.to_parquet(f"{target}/peer.parquet")
done = time.time()
import pyarrow.compute
tokens = sum(pyarrow.compute.sum(pyarrow.compute.list_value_length(c)).as_py() for c in data.data["input_ids"].chunks)
whole, job = done - started, done - loaded
print(f"peer tokens {tokens} whole_s {whole:.1f} whole_mtok_s {tokens / whole / 1e6:.3f} map_and_parquet_s {job:.1f}"
      f" map_and_parquet_mtok_s {tokens / job / 1e6:.3f}")
