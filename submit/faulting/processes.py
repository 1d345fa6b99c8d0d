"""Processes of this machine, read from /proc."""

import os
import pathlib
import signal
import time


def alive():
    """Returns pids by the pid of their parent."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name of a process may contain spaces and parentheses.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                children.setdefault(int(parent), []).append(int(entry.name))
    return children


def descendants(pid):
    """Returns the pids of a process's descendants."""
    children = alive()
    found, left = [], [pid]
    while left:
        more = children.get(left.pop(), [])
        found += more
        left += more
    return found


def command(pid):
    """Returns the command line of a process, empty if the process has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def holds_open(pid, folder):
    """Returns whether a process has a file below a folder open."""
    prefix = str(folder) + "/"
    try:
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            try:
                if os.readlink(f"/proc/{pid}/fd/{descriptor}").startswith(prefix):
                    return True
            except OSError:
                continue
    except OSError:
        pass
    return False


def send(pid, number):
    """Sends a signal to a process that may have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def kill(pid):
    send(pid, signal.SIGKILL)


def wait_until(holds, seconds, pause=0.002):
    """Waits until a condition is true and returns its value, or None on a timeout."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = holds()
        if result:
            return result
        time.sleep(pause)
    return None
