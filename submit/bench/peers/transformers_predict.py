"""Labels of texts by transformers, in batches of similar length.

transformers_predict.py MODEL TEXTS OUTPUT THREADS DTYPE

TEXTS is a file of JSON Lines with the column text, DTYPE float32 or bfloat16.
"""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import label_texts
import torch
from transformers import AutoModelForSequenceClassification

folder, texts, output, threads, dtype = sys.argv[1:]
torch.set_num_threads(int(threads))
model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()


def logits(inputs):
    with torch.inference_mode():
        return model(**inputs).logits.float().numpy()


label_texts.label(f"transformers {dtype} threads {threads}", folder, texts, output, logits)
