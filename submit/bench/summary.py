"""Medians and ratios of what benchmarks print, see of()."""

import re
import statistics

# Of each measure, whether more of it is better. Memory's ratio is ours to the peer's all the same.
MEASURES = {
    "tok/s": True,
    "seq/s": True,
    "Mtok/s": True,
    "docs/s": True,
    "whole s": False,
    "cpu s": False,
    "median ms": False,
    "median us": False,
    "peak MB": None,
}
NAMES = ("ours", "transformers", "peft", "gloo", "datasets", "datatrove", "trl")


def is_result(line):
    """Whether a line of a program's output is a result."""
    return line.split(" ", 1)[0] in NAMES


def number(line, measure):
    found = re.search(rf"(?:^| ){measure} ([\d.]+)", line)
    return float(found[1]) if found else None


def case(line):
    """What a line of ours and one of the peer have in common: the size of a buffer or of a batch."""
    return re.findall(r"ranks \d+ MB (\d+)|batch (\d+)|(sum of a double)", line)


def ratio(ours, theirs, better):
    """Above 1 where ours is faster; for memory, below 1 where ours is less."""
    return theirs / ours if better is False else ours / theirs


def of(rounds):
    """The summary of rounds, each a list of the same lines but for their measures.

    Of each line its measures' medians (least-greatest), and of ours the ratio of the medians to that peer's of the same case.
    """
    lines = list(zip(*rounds, strict=True))
    peers = [line for line in lines if not line[0].startswith("ours")]
    table = []
    for line in lines:
        parts = [re.split(r":? (?:tok/s|seq/s|step|median|whole s|seconds)\b", line[0])[0]]
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
