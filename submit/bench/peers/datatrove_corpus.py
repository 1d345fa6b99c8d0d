"""Documents a second through datatrove's filters, 2 local workers: datatrove_corpus.py FOLDER

JSON lines are read, filtered in FineWeb's order with the default thresholds, and what is kept is written as JSON lines.
The time is that from the start of the process to the end.
"""

import os
import pathlib
import sys
import tempfile
import time

started = time.time() - (
    float(open("/proc/uptime").read().split()[0])
    - int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
)
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

source = pathlib.Path(sys.argv[1])


def count(folder):
    return sum(sum(1 for _ in open(file, "rb")) for file in pathlib.Path(folder).glob("*.jsonl"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        LocalPipelineExecutor(
            pipeline=[
                JsonlReader(str(source), glob_pattern="*.jsonl"),
                GopherRepetitionFilter(),
                GopherQualityFilter(),
                C4QualityFilter(),
                FineWebQualityFilter(),
                JsonlWriter(f"{work}/kept", compression=None),
            ],
            tasks=len(list(source.glob("*.jsonl"))),
            workers=2,
            logging_dir=f"{work}/logs",
        ).run()
        seconds = time.time() - started
        documents, kept = count(source), count(f"{work}/kept")
    print(f"datatrove corpus documents {documents} kept {kept} whole s {seconds:.1f} docs/s {documents / seconds:.0f}")
