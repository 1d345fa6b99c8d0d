"""Writes rerankers.json and rerankers.safetensors: ten steps of losses of CrossEncoder of sentence-transformers 6.2.

    python make_rerankers.py

Needs sentence-transformers 6.2 and peft. The models are golden ones; there is no dropout.
"""

import json
import pathlib
import tempfile

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder
from sentence_transformers.base.modules import Transformer
from sentence_transformers.cross_encoder import losses
from sentence_transformers.cross_encoder.evaluation import CrossEncoderRerankingEvaluator
from sklearn.metrics import average_precision_score, ndcg_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent / "golden/models"
PREPARED = HERE.parents[4] / "dataset-prep/src/test/resources"
MAX_LENGTH = 24
PAIRS = [
    ("What is a license?", "A permission to use the software.", 0.9),
    ("What is a license?", "A number of persons.", 0.0),
    (
        "Who may copy it?",
        "Any person may copy the software and sell it, without any limit and as often as he likes.",
        1.0,
    ),
    ("Is there a warranty?", "The software is provided as is.", 0.5),
    ("What must a copy have?", "No", 0.25),
]
LISTS = [
    ("What is a license?", ["A permission to use the software.", "A number of persons.", "No"]),
    ("Who may copy it?", ["Any person may copy it.", "Sublicense it, or not, without any limit and as he likes."]),
    ("May I sell it?", ["Copies may be sold.", "The title of a book", "No copy", "It depends"]),
]
RUNS = {
    "pairs": dict(),
    "weighted": dict(pos_weight=3.0),
    "lists": dict(rows="lists"),
    "list_net": dict(rows="lists", loss="list_net"),
    "lambda": dict(rows="lists", loss="lambda"),
    "lora": dict(rows="lists", loss="list_net", lora=True, rate=1e-2),
    "decoder": dict(model="llama-tied"),
    "decoder_list_net": dict(model="llama-tied", rows="lists", loss="list_net"),
    "decoder_lambda": dict(model="llama-tied", rows="lists", loss="lambda"),
}
LIST_LOSSES = {"list_net": losses.ListNetLoss, "lambda": losses.LambdaLoss}
GRADIENTS = (
    "word_embeddings",
    "token_type_embeddings",
    "0.attention.self.query",
    "1.output.dense.weight",
    "classifier",
    "embed_tokens",
    "q_proj",
    "norm.weight",
    "score",
)


def reranker(model, folder):
    loaded = AutoModelForSequenceClassification.from_pretrained(MODELS / model, num_labels=1, dtype=torch.float32)
    if model == "llama-tied":
        torch.manual_seed(5)
        loaded.score.weight.data.normal_(std=0.1)
    tokenizer = AutoTokenizer.from_pretrained(MODELS / model)
    loaded.config.pad_token_id = tokenizer.pad_token_id
    loaded.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    transformer = Transformer(
        folder,
        transformer_task="sequence-classification",
        # Otherwise a tokenizer with a chat template makes a conversation of a pair.
        modality_config={"text": {"method": "forward", "method_output_name": "logits"}},
        module_output_name="scores",
        max_seq_length=MAX_LENGTH,
        model_kwargs={"attn_implementation": "eager"},
    )
    return CrossEncoder(modules=[transformer], device="cpu")


def bare(name):
    parts = [part for part in name.split(".") if part not in ("default", "modules_to_save", "base_model")]
    name = ".".join(parts)
    for prefix in ("0.auto_model.", "0.model.", "model.bert.", "model.classifier."):
        if name.startswith(prefix):
            name = name.removeprefix(prefix if prefix.startswith("0") else "model.")
    return name


def trained(name, folder, model="bert-regression", rows="pairs", loss="bce", pos_weight=None, lora=False, rate=1e-3):
    encoder = reranker(model, folder)
    tensors = {}
    if model == "llama-tied":
        tensors["score.weight"] = encoder.model.score.weight.detach().clone()
    if lora:
        torch.manual_seed(3)
        config = LoraConfig(r=4, lora_alpha=8, target_modules=["query", "value"], task_type="SEQ_CLS")
        adapted = get_peft_model(encoder.model, config)
        for key, parameter in adapted.named_parameters():
            if "lora_" in key:
                parameter.data.normal_(std=0.1)
            if parameter.requires_grad:
                tensors[f"{name}/start/{bare(key)}"] = parameter.detach().clone()
    encoder.eval()
    if rows == "lists":
        queries = [query for query, _ in LISTS]
        documents = [some for _, some in LISTS]
        labels = [torch.tensor([1.0] + [0.0] * (len(some) - 1)) for some in documents]
        pairs = [(query, document) for query, some in LISTS for document in some]
    if rows == "pairs":
        pairs = [row[:2] for row in PAIRS]
        labels = torch.tensor([row[2] for row in PAIRS])
    if loss in LIST_LOSSES:
        function = LIST_LOSSES[loss](encoder)
        inputs = [queries, documents]
    else:
        function = losses.BinaryCrossEntropyLoss(encoder, pos_weight=pos_weight and torch.tensor(pos_weight))
        inputs = [list(column) for column in zip(*pairs, strict=True)]
        labels = labels if rows == "pairs" else torch.cat(labels)
    parameters = [(key, p) for key, p in encoder.named_parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([p for _, p in parameters], lr=rate, weight_decay=0.0)
    tokens = encoder.preprocess(pairs)
    content = {"losses": [], "scores": encoder.predict(pairs).tolist(), "ids": [], "types": []}
    for i, mask in enumerate(tokens["attention_mask"].bool()):
        content["ids"].append(tokens["input_ids"][i][mask].tolist())
        types = tokens.get("token_type_ids", torch.zeros_like(tokens["input_ids"]))
        content["types"].append(types[i][mask].tolist())
    for step in range(10):
        optimizer.zero_grad()
        value = function(inputs, labels)
        value.backward()
        content["losses"].append(value.item())
        if step == 0:
            for key, parameter in parameters:
                if lora or any(part in key for part in GRADIENTS):
                    tensors[f"{name}/{bare(key)}"] = parameter.grad.detach().clone()
        torch.nn.utils.clip_grad_norm_([p for _, p in parameters], 1.0)
        optimizer.step()
    content["trained"] = encoder.predict(pairs).tolist()
    return content, tensors


def measured():
    """Scores of documents of four queries, one of them without relevant documents, and their metrics."""
    generator = torch.Generator().manual_seed(7)
    queries = []
    for size, relevant in ((3, 1), (14, 2), (12, 1), (4, 0)):
        scores = torch.rand(size, generator=generator).tolist()
        queries.append({"scores": scores, "relevance": [1.0] * relevant + [0.0] * (size - relevant)})
    evaluator = CrossEncoderRerankingEvaluator([{"query": "", "positive": [], "negative": []}], at_k=10)
    each = [evaluator.compute_metrics(one["relevance"], one["scores"])[:2] for one in queries[:3]]
    graded = {"scores": torch.rand(12, generator=generator).tolist(), "relevance": [i / 12 for i in range(12)]}
    scores, relevance = ([value for one in queries for value in one[key]] for key in ("scores", "relevance"))
    return {
        "queries": queries,
        "mrr_at_10": sum(mrr for mrr, _ in each) / len(each),
        "ndcg_at_10": sum(ndcg for _, ndcg in each) / len(each),
        "average_precision": average_precision_score(relevance, scores),
        "graded": graded,
        "graded_ndcg_at_10": ndcg_score([graded["relevance"]], [graded["scores"]], k=10),
    }


def main():
    torch.set_num_threads(1)
    runs, tensors = {}, {}
    for name, settings in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            runs[name], some = trained(name, folder, **settings)
        tensors |= some
    content = {"pairs": PAIRS, "lists": LISTS, "runs": runs, "metrics": measured()}
    tokenizer = AutoTokenizer.from_pretrained(PREPARED / "golden/tokenizers/wordpiece")
    cases = {"max_length": MAX_LENGTH, "rows": []}
    for query, documents in LISTS:
        row = {"text": query, "pair": documents[0], "other": documents[1:]}
        pairs = [tokenizer(query, document, truncation=True, max_length=MAX_LENGTH) for document in documents]
        ids, types = ([list(pair[key]) for pair in pairs] for key in ("input_ids", "token_type_ids"))
        cases["rows"].append({"row": row, "ids": ids, "types": types})
    (PREPARED / "reranking/rerankers.json").write_text(json.dumps(cases, indent=1) + "\n")
    (HERE / "rerankers.json").write_text(json.dumps(content, indent=1) + "\n")
    save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / "rerankers.safetensors")


if __name__ == "__main__":
    main()
