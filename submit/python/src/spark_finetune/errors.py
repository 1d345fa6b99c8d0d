"""Errors with a one-line message, and their conversion from errors of the JVM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_RUN_EXCEPTION = "io.github.sparkfinetune.conf.error.RunException"


class FinetuneError(Exception):
    """A failed run. The message is one line: what is wrong, where, and what to do.

    ``exit_code`` is the exit code of the corresponding command.
    """

    exit_code: int


class ConfigError(FinetuneError):
    """Bad usage or configuration."""

    exit_code = 2


class DataError(FinetuneError):
    """Bad data or a bad model."""

    exit_code = 3


class FailedError(FinetuneError):
    """A failure after which the same call may be retried."""

    exit_code = 4


KINDS = {kind.exit_code: kind for kind in (ConfigError, DataError, FailedError)}


def _known(thrown: Any) -> FinetuneError | None:
    """Returns the error that a Java exception is or was caused by, if the user can act on it."""
    while thrown is not None:
        if thrown.getClass().getName() == _RUN_EXCEPTION:
            return KINDS[thrown.exitCode().code()](" ".join(thrown.getMessage().split()))
        thrown = thrown.getCause()
    return None


@contextmanager
def java_errors() -> Iterator[None]:
    """Raises :class:`FinetuneError` for errors of the JVM inside the block; an unknown error keeps its cause.

    Errors of Spark itself, such as an unknown column, remain pyspark's errors.
    """
    # A client of Spark Connect may have no py4j.
    from py4j.protocol import Py4JJavaError
    from pyspark.errors.exceptions.captured import CapturedException

    try:
        yield
    except CapturedException as error:
        # pyspark has already converted the error.
        known = _known(error._origin)
        raise (error if known is None else known) from None
    except Py4JJavaError as error:
        known = _known(error.java_exception)
        if known is not None:
            # The stack trace of the JVM would add nothing to the message.
            raise known from None
        raise FailedError(" ".join(str(error.java_exception.toString()).split())) from error
