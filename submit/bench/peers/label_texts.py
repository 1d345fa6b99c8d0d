"""What the peers of predict share: texts in, labels out, batches of similar length."""

import json
import os
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from peak import peak_mb
from transformers import AutoTokenizer

LENGTH, BATCH = 512, 32


def elapsed():
    """Returns the seconds since this process started, imports included."""
    ticks = int(pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    return uptime - ticks / os.sysconf("SC_CLK_TCK")


def label(name, folder, texts, output, logits):
    """Labels the texts of a file of JSON Lines, writes them as Parquet, and prints the speed of the whole program.

    logits(inputs) returns the logits [B, classes] of a padded batch, as NumPy's.
    """
    with open(texts, encoding="utf-8") as lines:
        rows = [json.loads(line)["text"] for line in lines]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(rows, truncation=True, max_length=LENGTH)
    lengths = [len(ids) for ids in encoded["input_ids"]]
    order = sorted(range(len(rows)), key=lengths.__getitem__)
    labels = [0] * len(rows)
    for start in range(0, len(order), BATCH):
        some = order[start : start + BATCH]
        batch = {key: [values[i] for i in some] for key, values in encoded.items()}
        inputs = tokenizer.pad(batch, return_tensors="pt")
        for i, chosen in zip(some, logits(inputs).argmax(-1), strict=True):
            labels[i] = int(chosen)
    pq.write_table(pa.table({"text": rows, "prediction": labels}), output)
    seconds = elapsed()
    print(
        f"{name} texts {len(rows)} tokens {sum(lengths)} texts/s {len(rows) / seconds:.1f} "
        f"seconds {seconds:.1f} peak MB {peak_mb()}"
    )
    sys.stdout.flush()
