"""Searches for the best settings, as notebooks show them."""

from __future__ import annotations

import math
from typing import Any

from spark_finetune import _html


class Search:
    """Trials of a search for the best settings."""

    def __init__(self, record: dict[str, Any]) -> None:
        #: The content of ``tune.json``.
        self.record = record

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Trials, the best first: ``name``, ``settings``, ``state``, ``steps`` and ``eval``, metrics by name."""
        return sorted(self.record["trials"], key=self._place)

    def _place(self, trial: dict[str, Any]) -> tuple[bool, bool, float]:
        definition = self.record["definition"]
        value = float(trial["eval"].get(definition["metric"], "nan"))
        sign = -1 if definition["greater_is_better"] else 1
        # A trial that went on is better than any that was stopped before.
        return trial["state"] != "done", math.isnan(value), 0.0 if math.isnan(value) else sign * value

    @property
    def best(self) -> str | None:
        """Name of the best trial; None while the search works."""
        best = self.record.get("best")
        return None if best is None else str(best)

    def rows(self) -> list[list[Any]]:
        """Returns the name of each trial, its settings, the metric, the steps and the state."""
        metric = self.record["definition"]["metric"]
        return [
            [trial["name"], *trial["settings"].values(), trial["eval"].get(metric), trial["steps"], trial["state"]]
            for trial in self.trials
        ]

    def _repr_html_(self) -> str:
        trials = self.record["trials"]
        keys = list(trials[0]["settings"]) if trials else []
        header = ["trial", *keys, self.record["definition"]["metric"], "steps", "state"]
        return _html.table(self.rows(), header=header)

    def __repr__(self) -> str:
        return f"Search({len(self.record['trials'])} trials, best {self.best})"
