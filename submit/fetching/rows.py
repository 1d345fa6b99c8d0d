"""Rows as JSON lines, split by a hash of their content, so that the same rows are always held out."""

import hashlib
import json

from packages import folder, put


def key(row):
    """Returns the sort key of a row: a hash of its content."""
    return hashlib.sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write(target, **splits):
    """Writes NAME.jsonl for each split into a folder, and prints the number of rows."""
    with folder() as made:
        files = made / "files"
        files.mkdir()
        for name, rows in splits.items():
            with open(files / f"{name}.jsonl", "w", encoding="utf-8") as out:
                out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        put(files, target)
    print(f"{target.parent.name}/{target.name}: " + ", ".join(f"{name} {len(rows):,}" for name, rows in splits.items()))


def split(rows, **sizes):
    """Splits distinct rows by hash: the given number for each name, in order; None takes the remaining rows."""
    ordered = [row for _, row in sorted({key(row): row for row in rows}.items())]
    parts, at = {}, 0
    for name, size in sizes.items():
        end = len(ordered) if size is None else at + size
        parts[name] = ordered[at:end]
        at = end
    return parts
