"""Answers of run_qa.py (postprocess_qa_predictions, version 1) and their SQuAD scores."""

import json

import numpy
from transformers.data.metrics.squad_metrics import compute_exact, compute_f1


def candidates(row, context, start_logits, end_logits, n_best_size, max_answer_length):
    """Returns (score, text) of the answers that a window allows; the offsets count UTF-16 units of the context."""
    spans = numpy.array(row["offsets"]).reshape(-1, 2)
    starts, ends = (numpy.argsort(logits)[-1 : -n_best_size - 1 : -1] for logits in (start_logits, end_logits))
    for start in starts:
        for end in ends:
            if spans[start][0] >= 0 and spans[end][0] >= 0 and 0 <= end - start < max_answer_length:
                text = context[2 * spans[start][0] : 2 * spans[end][1]].decode("utf-16-le")
                yield start_logits[start] + end_logits[end], text


def squad_scores(predictions, n_best_size, max_answer_length):
    """Returns exact match and F1 in percent.

    predictions: for each window, in order, its sample and its logits
    """
    questions = []
    for row, start, end in predictions:
        if row["window"] == 0:
            question = json.loads(row["row"])
            context = question["context"].encode("utf-16-le")
            best = []
            questions.append((question["answers"], best))
        best += candidates(row, context, start, end, n_best_size, max_answer_length)
    scores = []
    for answers, best in questions:
        text = max(best, key=lambda candidate: candidate[0])[1] if best else ""
        scores.append([max(score(answer, text) for answer in answers) for score in (compute_exact, compute_f1)])
    return (100 * numpy.mean(scores, axis=0)).tolist()
