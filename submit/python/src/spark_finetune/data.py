"""Prepared datasets and measurements of a run, as notebooks show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from spark_finetune import _html
from spark_finetune._backend import Backend
from spark_finetune.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

#: Most labels that a table lists.
_MOST_LABELS = 200


def _library(name: str, extra: str) -> ModuleType:
    """Returns a module of a library that an install brings with an extra."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise ConfigError(f"{name.split('.')[0]} is not installed: pip install 'spark-finetune[{extra}]'") from None


def _axes(ax: Axes | None) -> Axes:
    """Returns the given axes, or new ones."""
    made: Axes = _library("matplotlib.pyplot", "plot").subplots()[1] if ax is None else ax
    return made


def _pandas(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pandas.DataFrame:
    return _library("pandas", "pandas").DataFrame(rows, columns=list(columns))


@dataclass(frozen=True)
class FunnelLine:
    """A line of the funnel from raw rows to samples."""

    name: str
    count: int
    note: str


class Dataset:
    """A prepared dataset: the counts of its manifest, and its samples."""

    def __init__(self, samples: Callable[[str], DataFrame], manifest: dict[str, Any], funnel: list[FunnelLine]) -> None:
        self._samples = samples
        #: The content of the dataset's newest ``manifest-N.json``.
        self.manifest = manifest
        #: Counts from the rows of the sources to the samples of each split.
        self.funnel = funnel

    @property
    def splits(self) -> list[str]:
        """Names of the splits with samples: ``train``, and ``eval`` and ``test`` if they have any."""
        return list(self.manifest["splits"])

    @property
    def labels(self) -> list[str]:
        """Names of the labels by id; empty for a task without labels."""
        return list(self.manifest["labels"])

    @property
    def warnings(self) -> list[str]:
        """Warnings about data that a model would learn badly from, one per line."""
        return [warning["message"] for warning in self.manifest.get("warnings", [])]

    def rows(self, split: str = "train") -> int:
        """Returns the number of samples of a split."""
        return int(self._split(split)["rows"])

    def tokens(self, split: str = "train") -> int:
        """Returns the number of tokens of a split's samples, special tokens included."""
        return int(self._split(split)["tokens"])

    def label_counts(self, split: str = "train") -> dict[str, int]:
        """Returns the number of samples of each label."""
        return dict(zip(self.labels, self._split(split)["rows_per_label"]))

    def lengths(self, split: str = "train") -> dict[int, int]:
        """Number of texts by length: the key is the power of two that the number of tokens rounds up to."""
        return {int(length): count for length, count in self._split(split).get("lengths", {}).items()}

    @property
    def dropped(self) -> dict[str, int]:
        """Rows in no sample, by reason: bad rows, rules of ``data.corpus``, duplicates, documents of a split."""
        dropped = dict(self.manifest["bad_rows"])
        for rule, count in (self.manifest.get("corpus") or {}).get("rejected", {}).items():
            dropped[f"data.corpus.{rule}"] = count
        if self.manifest["duplicates"]:
            dropped["duplicates"] = self.manifest["duplicates"]
        for name, split in self.manifest["splits"].items():
            for reason, count in (split.get("documents") or {}).get("dropped", {}).items():
                dropped[f"{name}: {reason}"] = count
        return dropped

    def samples(self, split: str = "train") -> DataFrame:
        """Returns a split's samples: ``text`` (decoded tokens), ``tokens`` (their number) and the shard's columns."""
        return self._samples(split)

    def _split(self, name: str) -> dict[str, Any]:
        if name not in self.manifest["splits"]:
            raise KeyError(f"the dataset has no {name} samples, but {', '.join(self.splits)}")
        return dict(self.manifest["splits"][name])

    def __repr__(self) -> str:
        splits = ", ".join(f"{self.rows(name):,} {name} samples ({self.tokens(name):,} tokens)" for name in self.splits)
        return f"Dataset({splits})"

    def _repr_html_(self) -> str:
        parts = [_html.note(warning) for warning in self.warnings]
        parts.append(
            _html.table(([line.name, line.count, line.note] for line in self.funnel), caption="From rows to samples")
        )
        if self.labels:
            counts = [self.label_counts(split) for split in self.splits]
            parts.append(
                _html.table(
                    ([label, *(count.get(label, 0) for count in counts)] for label in self.labels),
                    header=["label", *self.splits],
                    caption="Samples by label",
                )
            )
        lengths = self.lengths()
        if lengths:
            parts.append(
                _html.table(
                    ([_range(length), count] for length, count in lengths.items()),
                    header=["tokens", "texts"],
                    caption="Lengths of the training texts",
                )
            )
        return "".join(parts)


class Plan:
    """Estimate of a training's resources.

    ``str()`` gives one screen of lines: parameters, memory of a rank, steps, tokens, and settings that need less.
    """

    def __init__(self, text: str, refusal: str | None) -> None:
        self._text = text
        #: Reason why training would reject the run, or None.
        self.refusal = refusal

    def __str__(self) -> str:
        return self._text if self.refusal is None else f"{self._text}refused     {self.refusal}\n"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html.text(str(self))


class History(list[dict[str, Any]]):
    """Records of a training, of logged steps and of evaluations, in their order."""

    def _figures(self) -> list[dict[str, Any]]:
        """Returns the records with the metrics of evaluations as figures of their own."""
        flat = []
        for record in self:
            figures = {name: value for name, value in record.items() if not isinstance(value, dict)}
            figures.update((f"eval_{name}", value) for name, value in (record.get("eval") or {}).items())
            flat.append(figures)
        return flat

    def to_pandas(self) -> pandas.DataFrame:
        """Returns a table with a row for each record; the metrics of evaluations have names with ``eval_``."""
        return _library("pandas", "pandas").DataFrame(self._figures())

    def plot(self, names: Sequence[str] = ("loss", "eval_loss"), ax: Axes | None = None) -> Axes:
        """Draws figures by the step, and returns the axes.

        :param names: columns of :meth:`to_pandas`; those that were not measured are left out
        :param ax: axes to draw on, by default new ones
        """
        axes = _axes(ax)
        for name in names:
            points = [(record["step"], record[name]) for record in self._figures() if record.get(name) is not None]
            if points:
                axes.plot(*zip(*points), label=_name(name), marker="." if len(points) < 50 else None)
        axes.set_xlabel("step")
        axes.legend()
        return axes

    def _repr_html_(self) -> str:
        if not self:
            return _html.note("nothing was trained yet")
        # The first and the last value of each figure: dict keeps the place of the first key and takes the last value.
        figures = [(name, value) for record in self._figures() for name, value in record.items() if value is not None]
        first, last = dict(reversed(figures)), dict(figures)
        return _html.table(
            ([_name(name), _float(first[name]), _float(last[name])] for name in last),
            header=[f"{len(self):,} records", "first", "last"],
        )


class Metrics(dict[str, Any]):
    """``metrics.json`` of a run: ``train``, ``test`` and further measurements."""

    def to_pandas(self) -> pandas.DataFrame:
        """Returns the measurements on held-out text, a row each: ``metric``, ``value``, and ``base`` if measured."""
        test, base = self.get("test", {}), self.get("base", {})
        columns = ["metric", "value", *(["base"] if base else [])]
        return _pandas([[name, value, *([base.get(name)] if base else [])] for name, value in test.items()], columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draws the confusion matrix, shaded by the share of each true label, and returns the axes.

        :param ax: axes to draw on, by default new ones
        :raises DataError: if there is no confusion matrix
        """
        matrix = self.get("confusion_matrix")
        if not matrix:
            raise DataError("there is no confusion matrix: it is measured by evaluate, for a task with one label")
        axes = _axes(ax)
        labels, counts = matrix["labels"], matrix["counts"]
        shares = [_shares(row) for row in counts]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        for i, row in enumerate(counts):
            for j, count in enumerate(row):
                if count:
                    axes.text(
                        j, i, f"{count:,}", ha="center", va="center", color="white" if shares[i][j] > 0.5 else None
                    )
        return axes

    def _repr_html_(self) -> str:
        parts = []
        test, base = self.get("test", {}), self.get("base", {})
        if test:
            header = ["held-out text", "trained model", "base model"] if base else ["held-out text", ""]
            parts.append(
                _html.table(
                    (
                        [_name(name), _float(value), *([_float(base.get(name))] if base else [])]
                        for name, value in test.items()
                    ),
                    header=header,
                )
            )
        matrix = self.get("confusion_matrix")
        if matrix:
            parts.append(_confusion(matrix["labels"], matrix["counts"]))
        confusions = self.get("confusions")
        if confusions:
            parts.append(
                _html.table(
                    ([pair["label"], pair["predicted"], pair["samples"]] for pair in confusions),
                    header=["true", "predicted", "samples"],
                    caption="Most frequent confusions",
                )
            )
        by_label = self.get("by_label")
        if by_label:
            columns = list(next(iter(by_label.values())))
            parts.append(
                _html.table(
                    ([label, *(scores[column] for column in columns)] for label, scores in _most(by_label)),
                    header=["label", *columns],
                )
            )
        for name, held in self.get("held_out", {}).items():
            before = held.get("base", {})
            parts.append(
                _html.table(
                    (
                        [_name(metric), _float(value), *([_float(before.get(metric))] if before else [])]
                        for metric, value in held["metrics"].items()
                    ),
                    header=[name, "trained model", "base model"] if before else [name, ""],
                )
            )
        train = self.get("train")
        if train:
            rows = [[_name(name), value] for name, value in train.items() if isinstance(value, (int, float))]
            parts.append(_html.table(rows, header=["training", ""]))
        return "".join(parts) or _html.note("nothing was measured yet")


class Report:
    """``report.html`` of a run, a self-contained file; a notebook shows it in a frame."""

    @classmethod
    def read(cls, backend: Backend, folder: str) -> Report:
        """Returns the report of a folder.

        :raises DataError: if there is none yet
        """
        html = backend.file("report.html")
        if html is None:
            raise DataError(f"{folder} has no report.html yet: train first")
        return cls(html)

    def __init__(self, html: str, height: int = 720) -> None:
        #: Text of the file.
        self.html = html
        #: Height of the frame in pixels.
        self.height = height

    def __repr__(self) -> str:
        return f"Report({len(self.html):,} characters of HTML)"

    def _repr_html_(self) -> str:
        # The frame's script cannot reach the notebook.
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self.html)}" title="report"'
            # The border is part of the width; a page that hides overflow would cut it off.
            f' style="display:block;box-sizing:border-box;width:100%;height:{self.height}px;border:1px solid #8888">'
            "</iframe>"
        )


class Comparison:
    """Runs side by side, one column each: measurements on held-out text, and resources of the training."""

    def __init__(self, metrics: Mapping[str, Metrics]) -> None:
        #: Metrics of each run, by its name.
        self.metrics = dict(metrics)

    def rows(self) -> list[list[Any]]:
        """Returns the name of each figure and its value in each run, None if it was not measured."""
        rows: list[list[Any]] = []
        for section, names in (
            ("test", _keys(self.metrics, "test")),
            ("train", ["steps", "seconds", "samples_per_second", "tokens_per_second", "peak_rss_mb"]),
        ):
            for name in names:
                values = [one.get(section, {}).get(name) for one in self.metrics.values()]
                if any(value is not None for value in values):
                    rows.append(
                        [f"{section} {_name(name)}", *(value if name == "steps" else _float(value) for value in values)]
                    )
        return rows

    def to_pandas(self) -> pandas.DataFrame:
        """Returns :meth:`rows` as a table with a column for each run."""
        return _pandas(self.rows(), ["figure", *self.metrics])

    def _repr_html_(self) -> str:
        return _html.table(self.rows(), header=["", *self.metrics])

    def __repr__(self) -> str:
        rows = [["", *self.metrics], *([row[0], *map(_html.shown, row[1:])] for row in self.rows())]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _most(by_label: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Returns all labels, or the labels with the most samples if there are very many."""
    labels = list(by_label.items())
    if len(labels) <= _MOST_LABELS:
        return labels
    return sorted(labels, key=lambda label: -label[1]["support"])[:_MOST_LABELS]


def _keys(metrics: Mapping[str, Metrics], section: str) -> list[str]:
    keys: dict[str, None] = {}
    for one in metrics.values():
        keys.update(dict.fromkeys(one.get(section, {})))
    return list(keys)


def _name(key: str) -> str:
    return key.replace("_", " ")


def _range(length: int) -> str:
    shortest = length // 2 + 1
    return f"{shortest:,}–{length:,}" if shortest < length else f"{length:,}"


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, int) else value


def _shares(row: Sequence[int]) -> list[float]:
    return [count / max(sum(row), 1) for count in row]


def _confusion(labels: list[str], counts: list[list[int]]) -> str:
    return _html.table(
        ([label, *row] for label, row in zip(labels, counts)),
        header=["true \\ predicted", *labels],
        caption="Confusion matrix",
        shades=[_shares(row) for row in counts],
    )
