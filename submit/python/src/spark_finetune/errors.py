"""Errors of the JVM as Python's, with their one line and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors.exceptions.captured import CapturedException

_RUN_EXCEPTION = "io.github.sparkfinetune.conf.RunException"


class FinetuneError(Exception):
    """What a run fails with: one line that says what was wrong, where, and what to do.

    ``exit_code`` is what the command of the same name ends with.
    """

    exit_code: int


class ConfigError(FinetuneError):
    """Bad usage or configuration."""

    exit_code = 2


class DataError(FinetuneError):
    """Bad data or a bad model."""

    exit_code = 3


class FailedError(FinetuneError):
    """Failed: the same call may be made again."""

    exit_code = 4


_KINDS = {kind.exit_code: kind for kind in (ConfigError, DataError, FailedError)}


def _known(thrown: Any) -> FinetuneError | None:
    """The error that a Java exception is or was caused by, where its reader can act on it."""
    while thrown is not None:
        if thrown.getClass().getName() == _RUN_EXCEPTION:
            return _KINDS[thrown.exitCode().code()](" ".join(thrown.getMessage().split()))
        thrown = thrown.getCause()
    return None


@contextmanager
def java_errors() -> Iterator[None]:
    """Raises :class:`FinetuneError` for what the JVM throws inside the block; of unknown errors the cause is kept.

    What Spark itself refuses, such as an unknown column, stays pyspark's error.
    """
    try:
        yield
    except CapturedException as error:
        # pyspark has made an error of its own of it.
        known = _known(error._origin)
        raise (error if known is None else known) from None
    except Py4JJavaError as error:
        known = _known(error.java_exception)
        if known is not None:
            # The stack trace of the JVM says nothing that the line doesn't.
            raise known from None
        raise FailedError(" ".join(str(error.java_exception.toString()).split())) from error
