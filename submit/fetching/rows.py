"""Rows as JSON lines, split by a hash of their content: the same rows are held out each time."""

import hashlib
import json

from packages import folder, put


def key(row):
    """What a row is ordered by: a hash of all that is in it."""
    return hashlib.sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write(target, **splits):
    """Writes NAME.jsonl of each split into a folder, and says how many rows each has."""
    with folder() as made:
        files = made / "files"
        files.mkdir()
        for name, rows in splits.items():
            with open(files / f"{name}.jsonl", "w", encoding="utf-8") as out:
                out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        put(files, target)
    print(f"{target.parent.name}/{target.name}: " + ", ".join(f"{name} {len(rows):,}" for name, rows in splits.items()))


def split(rows, **sizes):
    """Distinct rows by hash: so many for each name, in order; None: all that are left."""
    ordered = [row for _, row in sorted({key(row): row for row in rows}.items())]
    parts, at = {}, 0
    for name, size in sizes.items():
        end = len(ordered) if size is None else at + size
        parts[name] = ordered[at:end]
        at = end
    return parts
