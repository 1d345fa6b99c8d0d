"""Writes reference.json beside this file: figures of scikit-learn, SciPy, seqeval and the SQuAD 2.0 script of
transformers for metrics that golden/metrics.json has no figures of. Versions are in the file.

    pip install scikit-learn scipy seqeval transformers && python reference.py
"""

import json
import pathlib
import warnings
from types import SimpleNamespace

import numpy as np
import scipy
import sklearn
import transformers
from scipy import stats
from seqeval import metrics as sq
from sklearn import metrics as sk
from transformers.data.metrics import squad_metrics as squad

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)


def multi_label(n, labels, digits, spread=2.0):
    y = (rng.random((n, labels)) < 0.35).astype(int)
    z = np.round(rng.normal(size=(n, labels)) * spread + (y - 0.5) * 2, digits).astype(np.float32).astype(float)
    return y, z


def multi_label_case(y, z):
    p = (z > 0).astype(int)
    score = 1 / (1 + np.exp(-z))
    case = {
        "labels": y.tolist(),
        "logits": z.tolist(),
        "loss": float(np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))),
        "subset_accuracy": sk.accuracy_score(y, p),
    }
    for average in ("micro", "macro", "weighted", "samples"):
        a, b, f, _ = sk.precision_recall_fscore_support(y, p, average=average, zero_division=0)
        case["f1_" + average] = float(f)
        if average in ("micro", "macro"):
            case["precision_" + average], case["recall_" + average] = float(a), float(b)
    # Labels that all samples have, or none, have no area.
    both = [i for i in range(y.shape[1]) if 0 < y[:, i].sum() < len(y)]
    if both:
        case["roc_auc_macro"] = (
            float(sk.roc_auc_score(y[:, both], score[:, both], average="macro"))
            if len(both) > 1
            else float(sk.roc_auc_score(y[:, both[0]], score[:, both[0]]))
        )
        case["roc_auc_labels"] = len(both)
    case["average_precision_macro"] = float(
        np.mean([sk.average_precision_score(y[:, i], score[:, i]) for i in range(y.shape[1])])
    )
    return case


def multi_label_cases():
    cases = [multi_label_case(*multi_label(40, 5, 4)), multi_label_case(*multi_label(60, 3, 0))]
    y, z = multi_label(12, 4, 1)
    y[:, 0], y[:, 1], y[3] = 0, 1, [0, 1, 0, 0]
    z[3] = -1
    cases.append(multi_label_case(y, z))
    y, z = multi_label(9, 2, 2)
    y[:] = 0
    cases.append(multi_label_case(y, z))
    return cases


def binary_cases():
    cases = []
    for n, digits in ((35, 4), (50, 0)):
        y = rng.integers(0, 2, n)
        z = np.round(rng.normal(size=(n, 2)), digits)
        z[:, 1] += np.round(y * 0.8, digits)
        z = z.astype(np.float32).astype(float)
        score = 1 / (1 + np.exp(z[:, 0] - z[:, 1]))
        cases.append(
            {
                "labels": y.tolist(),
                "logits": z.tolist(),
                "roc_auc": float(sk.roc_auc_score(y, score)),
                "average_precision": float(sk.average_precision_score(y, score)),
            }
        )
    return cases


def regression_cases():
    cases = []
    x = rng.normal(size=30) * 5
    pairs = [
        (x, x + rng.normal(size=30)),
        (np.round(x / 4), np.round(x / 4 + rng.normal(size=30))),
        (x[:8], np.full(8, 0.1)),
        (np.full(6, 0.5), x[:6]),
        (np.full(3, 0.1), np.full(3, 0.1)),
        (x[:2], -x[:2]),
        (x[:1], x[1:2]),
    ]
    for y, p in pairs:
        case = {
            "y_true": y.tolist(),
            "y_pred": p.tolist(),
            "mse": sk.mean_squared_error(y, p),
            "rmse": sk.root_mean_squared_error(y, p),
            "mae": sk.mean_absolute_error(y, p),
        }
        case["loss"] = case["mse"]
        defined = {"r2": sk.r2_score(y, p) if len(y) > 1 else np.nan}
        if len(y) > 1:
            defined["pearson"], defined["spearmanr"] = stats.pearsonr(y, p)[0], stats.spearmanr(y, p)[0]
        case.update({k: float(v) for k, v in defined.items() if not np.isnan(v)})
        cases.append(case)
    return cases


def seqeval_cases():
    sets = {
        "iobes": ["O"] + [f"{a}-{b}" for b in ("PER", "LOC") for a in "BIES"],
        "bilou": ["O"] + [f"{a}-{b}" for b in ("PER", "LOC") for a in "BILU"],
        "io": ["O", "I-PER", "I-LOC-X", "I-LOC"],
        "upos": ["NOUN", "VERB", "INTJ", "SYM", "SCONJ", "CCONJ", "PUNCT", "DET", "ADJ", "ADP"],
        "bare": ["O", "B", "I", "B-A", "I-A", ".", "S-A", "E-A-B", "I-A-B", "I--A-"],
    }
    cases = []
    for name, tags in sets.items():
        for noise in (0.1, 0.5):
            true = [[tags[i] for i in rng.integers(0, len(tags), k)] for k in rng.integers(1, 12, 12)]
            pred = [[t if rng.random() > noise else tags[rng.integers(0, len(tags))] for t in row] for row in true]
            case = {
                "scheme": name,
                "tags": tags,
                "y_true": true,
                "y_pred": pred,
                "accuracy": float(sq.accuracy_score(true, pred)),
            }
            for average in ("micro", "macro", "weighted"):
                f = {"precision": sq.precision_score, "recall": sq.recall_score, "f1": sq.f1_score}
                case[average] = {k: float(v(true, pred, average=average, zero_division=0)) for k, v in f.items()}
            cases.append(case)
    return cases


def squad_cases():
    words = "the a An red blue Fox, jumps over dog. 1990 caf\u00e9 U.S. -- l'an x\u00b2".split()

    def text(longest):
        return " ".join(words[i] for i in rng.integers(0, len(words), rng.integers(1, longest)))

    cases = []
    for n, share, threshold in ((40, 0.4, 0.0), (40, 0.4, 1.0), (25, 0.9, -2.0), (15, 0.0, 0.5)):
        questions = []
        for _ in range(n):
            golds = [] if rng.random() < share else [text(5) for _ in range(rng.integers(1, 4))]
            r = rng.random()
            answer = golds[0] if golds and r < 0.4 else "" if r > 0.9 else text(6)
            questions.append(
                {"answer": answer, "preference": float(rng.normal() * 2 + (0 if golds else 1)), "golds": golds}
            )
        examples = [
            SimpleNamespace(qas_id=str(i), answers=[{"text": g} for g in q["golds"]]) for i, q in enumerate(questions)
        ]
        figures = squad.squad_evaluate(
            examples,
            {str(i): q["answer"] for i, q in enumerate(questions)},
            {str(i): q["preference"] for i, q in enumerate(questions)},
            threshold,
        )
        exact, f1 = squad.get_raw_scores(examples, {str(i): q["answer"] for i, q in enumerate(questions)})
        for i, q in enumerate(questions):
            q["exact"], q["f1"] = float(exact[str(i)]), float(f1[str(i)])
        cases.append(
            {
                "threshold": threshold,
                "questions": questions,
                **{k: float(v) for k, v in figures.items() if not k.endswith("total") and k[:8] != "has_ans_"},
            }
        )
    return cases


versions = {m.__name__: m.__version__ for m in (np, scipy, sklearn, transformers)} | {"seqeval": "1.2.2"}
result = {
    "versions": versions,
    "binary": binary_cases(),
    "multi_label": multi_label_cases(),
    "regression": regression_cases(),
    "seqeval": seqeval_cases(),
    "squad_v2": squad_cases(),
}
path = pathlib.Path(__file__).with_name("reference.json")
path.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
