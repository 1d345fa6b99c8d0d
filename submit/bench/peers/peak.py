"""The peak memory of this process."""

import pathlib
import re


def peak_mb():
    """Highest resident size since the start, in MB (VmHWM)."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) >> 10
