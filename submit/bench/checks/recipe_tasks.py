"""Samples of each task for transformers, and the measurement of its model: classes with one interface.

train, held_out: samples; batch(rows): the arguments of a model, with random choices made anew; drawn_batch(rows): the
arguments for held-out samples, or for drawn(lines), with the random choices of a run; answers: arguments that are no
input; predictions(output, rows, answers): the predictions for each row; score(all predictions): the metric.

"""

import functools
import json
import os
import subprocess

import numpy
import pyarrow.dataset
import torch
from recipe_questions import squad_scores
from recipe_tags import tag_score
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    DataCollatorForWholeWordMask,
)

IGNORED = -100


def of(config, dataset, drawn):
    """Returns the task of a run.

    drawn: command that prints the held-out samples as the run measures them
    """
    kind = TASKS[config["task"]]
    return kind(config, dataset, drawn) if kind is Masked else kind(config, dataset)


def lines(command):
    """Returns the JSON lines that a command prints."""
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def padded(rows, name, value, length=0):
    longest = max(length, *(len(row[name]) for row in rows))
    return torch.tensor([row[name] + [value] * (longest - len(row[name])) for row in rows])


class Task:
    point = 0.01
    eval_batch = 16
    options = {}
    padded_to = 0
    answers = ("labels",)

    def __init__(self, config, dataset):
        self.config = config
        self.manifest = json.loads((dataset / "manifest-1.json").read_text())
        self.dataset = dataset
        self.train = self.samples("train")

    @functools.cached_property
    def held_out(self):
        return self.samples("test" if "test" in self.manifest["splits"] else "eval")

    def samples(self, split):
        """Returns the samples of a split, in order."""
        files = [os.path.join(self.dataset, shard["file"]) for shard in self.manifest["splits"][split]["shards"]]
        return [row for file in files for row in pyarrow.dataset.dataset(file).to_table().to_pylist()]

    def inputs(self, rows):
        ids = padded(rows, "input_ids", self.manifest["pad_token_id"], self.padded_to)
        lengths = torch.tensor([[len(row["input_ids"])] for row in rows])
        batch = {"input_ids": ids, "attention_mask": (torch.arange(ids.shape[1]) < lengths).long()}
        if "token_type_ids" in rows[0]:
            batch["token_type_ids"] = padded(rows, "token_type_ids", 0, self.padded_to)
        return batch

    def drawn(self, lines):
        return [self.train[line["index"]] for line in lines]

    def drawn_batch(self, rows):
        return self.batch(rows)


class Classes(Task):
    model_class = AutoModelForSequenceClassification
    peft_task = "SEQ_CLS"

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.kind = config["classification"]["problem_type"]
        metrics = {
            "single_label_classification": "accuracy",
            "multi_label_classification": "f1_micro",
            "regression": "pearson",
        }
        self.metric = metrics[self.kind]
        self.options = {"num_labels": len(self.manifest["labels"]), "problem_type": self.kind}

    def batch(self, rows):
        if self.kind == "single_label_classification":
            labels = torch.tensor([row["label"] for row in rows])
        else:
            labels = torch.tensor([row["targets"] for row in rows], dtype=torch.float32)
        return {**self.inputs(rows), "labels": labels}

    def predictions(self, output, rows, answers):
        return list(zip(output.logits.numpy(), answers["labels"].numpy(), strict=True))

    def score(self, predictions):
        logits, labels = map(numpy.stack, zip(*predictions, strict=True))
        if self.kind == "single_label_classification":
            return float((logits.argmax(-1) == labels).mean())
        if self.kind == "regression":
            return float(numpy.corrcoef(logits[:, 0], labels[:, 0])[0, 1])
        predicted, true = logits > 0, labels == 1
        return float(2 * (predicted & true).sum() / max(1, predicted.sum() + true.sum()))


class Tags(Task):
    model_class = AutoModelForTokenClassification
    peft_task = "TOKEN_CLS"

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.names = self.manifest["labels"]
        self.options = {"num_labels": len(self.names)}
        self.metric = "f1" if any(name.startswith(("B-", "I-")) for name in self.names) else "accuracy"

    def batch(self, rows):
        return {**self.inputs(rows), "labels": padded(rows, "labels", IGNORED)}

    def predictions(self, output, rows, answers):
        best, labels = output.logits.argmax(-1), answers["labels"]
        places = labels != IGNORED
        return [
            tuple([self.names[label] for label in row[place].tolist()] for row in (ids, true))
            for ids, true, place in zip(best, labels, places, strict=True)
        ]

    def score(self, predictions):
        return tag_score(self.metric, predictions)


class Questions(Task):
    model_class = AutoModelForQuestionAnswering
    peft_task = "QUESTION_ANS"
    metric = "f1"
    point = 1
    answers = ("start_positions", "end_positions")

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        if config["question_answering"]["pad_to_max_length"]:
            self.padded_to = config["data"]["max_length"]

    def batch(self, rows):
        start, end = torch.tensor([row["answer"] for row in rows]).T
        return {**self.inputs(rows), "start_positions": start, "end_positions": end}

    def predictions(self, output, rows, answers):
        return [
            (row, start[: len(row["input_ids"])], end[: len(row["input_ids"])])
            for row, start, end in zip(rows, output.start_logits.numpy(), output.end_logits.numpy(), strict=True)
        ]

    def score(self, predictions):
        exact, f1 = squad_scores(
            predictions,
            **{name: self.config["question_answering"][name] for name in ("n_best_size", "max_answer_length")},
        )
        print(f"transformers: exact_match {exact:.2f} f1 {f1:.2f}", flush=True)
        return f1


class Language(Task):
    """Reduces the output of a batch to the sum and the number of its losses."""

    metric = "loss"
    eval_batch = 2

    def predictions(self, output, rows, answers):
        labels = self.predicted(answers["labels"])
        logits = output.logits[:, : labels.shape[1]][labels != IGNORED]
        losses = torch.nn.functional.cross_entropy(logits, labels[labels != IGNORED], reduction="sum")
        return [(losses.item(), len(logits))]

    def score(self, predictions):
        return sum(loss for loss, _ in predictions) / sum(count for _, count in predictions)


class Documents(Language):
    """Predicts next tokens; attention does not cross the documents of a sample."""

    model_class = AutoModelForCausalLM
    peft_task = "CAUSAL_LM"

    def batch(self, rows):
        batch = self.inputs(rows)
        ids = batch["input_ids"]
        document, place, labels = (torch.full(ids.shape, value) for value in (-1, 0, IGNORED))
        for row, sample in enumerate(rows):
            start = 0
            known = torch.tensor(sample.get("labels", sample["input_ids"]))
            for number, length in enumerate(sample["documents"]):
                end = start + length
                document[row, start:end], place[row, start:end] = number, torch.arange(length)
                # A document's first token has no context, so it is no label.
                labels[row, start + 1 : end] = known[start + 1 : end]
                start = end
        seen = (document.unsqueeze(1) == document.unsqueeze(2)) & torch.ones(ids.shape[1], ids.shape[1]).tril().bool()
        mask = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min).unsqueeze(1)
        return {"input_ids": ids, "attention_mask": mask, "position_ids": place, "labels": labels}

    def predicted(self, labels):
        return labels[:, 1:]


class Masked(Language):
    """Predicts masked tokens. In training transformers draws them; in held-out samples they are the run's."""

    model_class = AutoModelForMaskedLM
    peft_task = None

    def __init__(self, config, dataset, drawn):
        super().__init__(config, dataset)
        masking = config["masked_lm"]
        kind = DataCollatorForWholeWordMask if masking["whole_word_mask"] else DataCollatorForLanguageModeling
        tokenizer = AutoTokenizer.from_pretrained(config["model"])
        self.collator = kind(tokenizer=tokenizer, mlm_probability=masking["mlm_probability"])
        self.command = drawn

    @functools.cached_property
    def held_out(self):
        return lines(self.command)

    def batch(self, rows):
        return dict(self.collator([{"input_ids": row["input_ids"]} for row in rows]))

    def drawn_batch(self, rows):
        return {**self.inputs(rows), "labels": padded(rows, "labels", IGNORED)}

    def drawn(self, lines):
        return lines

    def predicted(self, labels):
        return labels


TASKS = {
    "classification": Classes,
    "token-classification": Tags,
    "question-answering": Questions,
    "masked-lm": Masked,
    "causal-lm": Documents,
    "sft": Documents,
}
