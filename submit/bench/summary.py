"""Medians and ratios of the output of benchmarks, see of()."""

import re
import statistics

# Whether more of a measure is better. Memory's ratio is always ours to the peer's.
MEASURES = {
    "tok/s": True,
    "seq/s": True,
    "Mtok/s": True,
    "docs/s": True,
    "texts/s": True,
    "texts/cpu-s": True,
    "MB/s": True,
    "whole s": False,
    "cpu s": False,
    "median ms": False,
    "median us": False,
    "peak MB": None,
}
NAMES = (
    "ours",
    "transformers",
    "peft",
    "gloo",
    "datasets",
    "datatrove",
    "trl",
    "onnx",
    "sentence-transformers",
    "presidio",
)


def is_result(line):
    """Returns whether a line of a program's output is a result."""
    return line.split(" ", 1)[0] in NAMES


def number(line, measure):
    found = re.search(rf"(?:^| ){measure} ([\d.]+)", line)
    return float(found[1]) if found else None


def case(line):
    """Returns the part that our line and a peer's line share: the size of a buffer or of a batch."""
    return re.findall(r"ranks \d+ MB (\d+)|batch (\d+)|(sum of a double)", line)


def ratio(ours, theirs, better):
    """Returns a ratio above 1 if ours is faster; for memory, below 1 if ours is less."""
    return theirs / ours if better is False else ours / theirs


def of(rounds):
    """Returns the summary of rounds, each a list of lines that are equal except for their measures.

    A line has its measures' medians (least-greatest), and our line also the ratio of the medians to the peer's of the
    same case.
    """
    lines = list(zip(*rounds, strict=True))
    peers = [line for line in lines if not line[0].startswith("ours")]
    table = []
    for line in lines:
        parts = [re.split(r":? (?:tok/s|seq/s|step|median|whole s|texts/s|seconds)\b", line[0])[0]]
        for measure, better in MEASURES.items():
            values = [number(text, measure) for text in line]
            if None in values:
                continue
            median = statistics.median(values)
            parts.append(f"{measure} {median:g} ({min(values):g}-{max(values):g})")
            for other in peers:
                theirs = [number(text, measure) for text in other]
                if other is not line and line not in peers and case(other[0]) == case(line[0]) and None not in theirs:
                    parts[-1] += f" ratio {ratio(median, statistics.median(theirs), better):.2f}"
        table.append("; ".join(parts))
    return "\n".join([f"medians of {len(rounds)} (least-greatest), ratios to the peer's:", *table])
