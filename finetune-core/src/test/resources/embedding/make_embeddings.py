"""Writes embeddings.json and embeddings.safetensors: ten steps of losses of sentence-transformers 6.2.

    python make_embeddings.py

Needs sentence-transformers 6.2 and peft. The models are golden ones; there is no dropout.
"""

import json
import pathlib

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent / "golden/models"
PREPARED = HERE.parents[4] / "dataset-prep/src/test/resources"
MAX_LENGTH = 24
QUERY, DOCUMENT = "query: ", "the text: "
ROWS = [
    ("What is a license?", "A permission to use the software.", "A number of persons.", 0.9),
    ("Who may copy it?", "Any person may copy the software and sell it, without any limit.", "No", 0.3),
    ("Is there a warranty?", "The software is provided as is.", "A license", 0.5),
    ("May I sell it?", "Copies may be sold.", "The title of a book", 0.5),
    ("What must a copy have?", "The notice.", "Sublicense it, or not", 0.0),
]
RUNS = {
    "ranking": dict(model="bert-mlm"),
    "negatives": dict(model="bert-mlm", negatives=True, pooling="cls", scale=30.0),
    "matryoshka": dict(model="bert-mlm", dims=[8]),
    "cosent": dict(model="bert-mlm", scored=True),
    "cosent_matryoshka": dict(model="bert-mlm", scored=True, dims=[8, 4]),
    "lora": dict(model="bert-mlm", lora=True, rate=1e-2),
    "decoder": dict(model="llama-tied", pooling="lasttoken"),
    "decoder_mean": dict(model="llama-tied"),
}
GRADIENTS = (
    "word_embeddings",
    "0.attention.self.query",
    "1.output.dense.weight",
    "embed_tokens",
    "q_proj",
    "norm.weight",
)


def encoder(model, pooling):
    transformer = Transformer(
        str(MODELS / model), max_seq_length=MAX_LENGTH, model_kwargs={"attn_implementation": "eager"}
    )
    width = transformer.auto_model.config.hidden_size
    return SentenceTransformer(modules=[transformer, Pooling(width, pooling)], device="cpu")


def bare(name):
    for part in ("0.auto_model.", "0.model.", "base_model.model.", ".default"):
        name = name.replace(part, "")
    return name


def trained(name, model, pooling="mean", scale=20.0, negatives=False, scored=False, dims=(), lora=False, rate=1e-3):
    embedder = encoder(model, pooling)
    tensors = {}
    if lora:
        torch.manual_seed(3)
        transformer = embedder[0]
        config = LoraConfig(r=4, lora_alpha=8, target_modules=["query", "value"], task_type="FEATURE_EXTRACTION")
        adapted = get_peft_model(transformer.auto_model, config)
        for key, parameter in adapted.named_parameters():
            if "lora_" in key:
                parameter.data.normal_(std=0.1)
                tensors[f"{name}/start/{bare(key)}"] = parameter.detach().clone()
    embedder.eval()
    loss = losses.CoSENTLoss(embedder, scale) if scored else losses.MultipleNegativesRankingLoss(embedder, scale)
    if dims:
        width = embedder.get_sentence_embedding_dimension()
        loss = losses.MatryoshkaLoss(embedder, loss, [width, *dims])
    columns = [[QUERY + row[0] for row in ROWS], [DOCUMENT + row[1] for row in ROWS]]
    if negatives:
        columns.append([DOCUMENT + row[2] for row in ROWS])
    features = [embedder.tokenize(column) for column in columns]
    labels = torch.tensor([row[3] for row in ROWS])
    parameters = [(key, p) for key, p in embedder.named_parameters() if p.requires_grad and "pooler" not in key]
    optimizer = torch.optim.AdamW([p for _, p in parameters], lr=rate, weight_decay=0.0)
    content = {"losses": [], "texts": []}
    for column in features:
        pairs = zip(column["input_ids"], column["attention_mask"], strict=True)
        content["texts"].append([ids[mask.bool()].tolist() for ids, mask in pairs])
    with torch.no_grad():
        content["vectors"] = embedder({key: value for key, value in features[0].items()})["sentence_embedding"].tolist()
    for step in range(10):
        optimizer.zero_grad()
        value = loss([dict(column) for column in features], labels)
        value.backward()
        content["losses"].append(value.item())
        if step == 0:
            for key, parameter in parameters:
                if parameter.grad is not None and (lora or any(part in key for part in GRADIENTS)):
                    tensors[f"{name}/{bare(key)}"] = parameter.grad.detach().clone()
        torch.nn.utils.clip_grad_norm_([p for _, p in parameters], 1.0)
        optimizer.step()
    with torch.no_grad():
        content["trained"] = embedder({key: value for key, value in features[1].items()})["sentence_embedding"].tolist()
    return content, tensors


def main():
    torch.set_num_threads(1)
    runs, tensors = {}, {}
    for name, settings in RUNS.items():
        runs[name], some = trained(name, **settings)
        tensors |= some
    content = {"query": QUERY, "document": DOCUMENT, "max_length": MAX_LENGTH, "rows": ROWS, "runs": runs}
    tokenizer = AutoTokenizer.from_pretrained(PREPARED / "golden/tokenizers/wordpiece")
    cases = {"query": QUERY, "document": DOCUMENT, "max_length": MAX_LENGTH, "rows": []}
    for text, pair, other, score in ROWS:
        texts = [QUERY + text, DOCUMENT + pair, DOCUMENT + other]
        ids = [tokenizer(some, truncation=True, max_length=MAX_LENGTH)["input_ids"] for some in texts]
        cases["rows"].append({"row": {"text": text, "pair": pair, "other": [other], "label": score}, "ids": ids})
    (PREPARED / "embedding/embeddings.json").write_text(json.dumps(cases, indent=1) + "\n")
    (HERE / "embeddings.json").write_text(json.dumps(content, indent=1) + "\n")
    save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / "embeddings.safetensors")


if __name__ == "__main__":
    main()
