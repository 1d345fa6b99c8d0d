"""Shows the progress of a step while it runs, in the notebook's cell or as lines of text."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from html import escape
from typing import Any, Protocol

_LINE_SECONDS = 5.0
#: Time that Spark's tasks have to end after a step is cancelled.
_CANCEL_SECONDS = 60.0


class Job(Protocol):
    """A step of a run that a thread waits for."""

    #: Time between two calls of :meth:`shown`.
    poll_seconds: float

    def thread(self, target: Callable[[], None]) -> threading.Thread:
        """Returns a thread that inherits what the session's threads inherit."""

    def run(self) -> None:
        """Runs the step until its end.

        :raises FinetuneError: if it fails
        """

    def shown(self) -> dict[str, Any]:
        """Complete ``lines`` since the last call, the unfinished ``line``, and the completed ``share``."""

    def cancel(self) -> bool:
        """Cancels the step; returns whether it was in progress."""


class _View(Protocol):
    def show(self, title: str, lines: list[str], line: str, share: float | None) -> None: ...

    def close(self) -> None: ...


def watch(title: str, job: Job) -> None:
    """Runs a step in a thread and shows its progress; an interrupt of the kernel cancels the step.

    :raises FinetuneError: if the step fails
    """
    failures: list[BaseException] = []
    # In Python 3.9 to 3.12 a thread counts as ended once an interrupt has ended a join.
    ended = threading.Event()

    def run() -> None:
        try:
            job.run()
        except BaseException as error:  # raised again in the caller's thread
            failures.append(error)
        finally:
            ended.set()

    view = _view()
    lines: list[str] = []
    job.thread(run).start()
    try:
        while True:
            running = not ended.wait(job.poll_seconds)
            now = job.shown()
            lines += now["lines"] if running or not now["line"] else [*now["lines"], now["line"]]
            view.show(title, lines, now["line"] if running else "", now["share"] if running else None)
            if not running:
                break
    except KeyboardInterrupt:
        end = time.monotonic() + _CANCEL_SECONDS
        # The step may not have begun yet.
        while not ended.is_set() and not job.cancel() and time.monotonic() < end:
            ended.wait(job.poll_seconds)
        ended.wait(max(end - time.monotonic(), 0))
        raise
    finally:
        view.close()
    if failures:
        raise failures[0]


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
