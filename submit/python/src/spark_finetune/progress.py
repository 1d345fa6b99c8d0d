"""Shows the progress of a call to the JVM while it runs, in the notebook's cell or as lines of text."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any, Protocol

from pyspark import InheritableThread, SparkContext

from spark_finetune.errors import java_errors

_POLL_SECONDS = 0.25
_LINE_SECONDS = 5.0
#: Time that Spark's tasks have to end after a call is cancelled.
_CANCEL_SECONDS = 60.0


class Job(Protocol):
    """Methods of ``job.SessionRun`` in the JVM."""

    def shown(self) -> str: ...

    def cancel(self) -> None: ...


class _View(Protocol):
    def show(self, title: str, lines: list[str], line: str, share: float | None) -> None: ...

    def close(self) -> None: ...


def watch(title: str, job: Job, call: Callable[[], Any], context: SparkContext) -> Any:
    """Makes a call in a thread and shows its progress; an interrupt of the kernel cancels the call.

    :return: result of the call
    :raises FinetuneError: as :func:`spark_finetune.errors.java_errors`
    """
    results: list[Any] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with java_errors():
                results.append(call())
        except BaseException as error:  # raised again in the caller's thread
            failures.append(error)

    view = _view()
    lines: list[str] = []
    thread = InheritableThread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            thread.join(_POLL_SECONDS)
            running = thread.is_alive()
            now = json.loads(job.shown())
            lines += now["lines"] if running or not now["line"] else [*now["lines"], now["line"]]
            share = now["share"] if now["share"] > 0 else _tasks(context)
            view.show(title, lines, now["line"] if running else "", share if running else None)
            if not running:
                break
    except KeyboardInterrupt:
        job.cancel()
        thread.join(_CANCEL_SECONDS)
        raise
    finally:
        view.close()
    if failures:
        raise failures[0]
    return results[0]


def _tasks(context: SparkContext) -> float:
    """Completed share of the tasks of the active stages."""
    tracker = context.statusTracker()
    infos = [info for info in map(tracker.getStageInfo, tracker.getActiveStageIds()) if info is not None]
    tasks = sum(info.numTasks for info in infos)
    return sum(info.numCompletedTasks for info in infos) / tasks if tasks else 0.0


def _view() -> _View:
    try:
        from IPython import get_ipython
    except ImportError:
        return _Text()
    shell = get_ipython()
    return _Cell() if getattr(shell, "kernel", None) is not None else _Text()


class _Cell:
    """One output of a notebook's cell, which is replaced."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = ""

    def show(self, title: str, lines: list[str], line: str, share: float | None) -> None:
        text = "\n".join([*lines, line] if line else lines)
        # Not every notebook viewer allows a style sheet.
        bar = (
            ""
            if share is None
            else f'<b>{escape(title)}</b> <progress max="1" value="{share:.3f}" style="width:60%"></progress>'
        )
        html = f'{bar}<pre style="overflow-x:auto;margin:0;font-family:monospace">{escape(text)}</pre>'
        if html == self._shown:
            return
        self._shown = html
        from IPython.display import display

        data = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)

    def close(self) -> None:
        pass


class _Text:
    """Lines on standard error: a terminal has one line that is redrawn, other output gets a line every few seconds."""

    def __init__(self) -> None:
        self._out = sys.stderr
        self._redraw = self._out.isatty()
        self._printed = 0
        self._line = ""
        #: The last line that was printed before it was finished.
        self._under_way = ""
        self._last = time.monotonic()

    def show(self, title: str, lines: list[str], line: str, share: float | None) -> None:
        for finished in lines[self._printed :]:
            self._end()
            if finished != self._under_way:
                print(finished, file=self._out, flush=True)
            self._under_way = ""
        self._printed = len(lines)
        if line == self._line:
            return
        if self._redraw:
            print(f"\r{line}\033[K", end="", file=self._out, flush=True)
            self._line = line
        elif line and time.monotonic() - self._last >= _LINE_SECONDS:
            print(line, file=self._out, flush=True)
            self._under_way = line
            self._last = time.monotonic()

    def _end(self) -> None:
        if self._line:
            print("\r\033[K", end="", file=self._out)
            self._line = ""

    def close(self) -> None:
        self._end()
