"""Checks evidence by the tools that others read it with: check_evidence.py FOLDER

mlcroissant validates and reads the dataset, OpenLineage's client reads the events, CycloneDX's library validates the
bill of materials, and openssl checks the signature if a public key is beside the folder as public.pem.
"""

import json
import logging
import pathlib
import subprocess
import sys

import mlcroissant
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState


def croissant(folder):
    """Returns what mlcroissant finds wrong; reads the first record of every split."""
    dataset = mlcroissant.Dataset(folder / "croissant.json")
    issues = dataset.metadata.ctx.issues
    counts = {}
    for records in dataset.metadata.record_sets:
        record = next(iter(dataset.records(records.uuid)))
        counts[records.name] = len(record)
    print(f"croissant: {len(issues.errors)} errors, {len(issues.warnings)} warnings, columns by split {counts}")
    return list(issues.errors)


def lineage(folder):
    """Returns the number of events that OpenLineage's client takes."""
    events = [json.loads(line) for line in (folder / "lineage.jsonl").read_text().splitlines()]
    for event in events:
        RunEvent(
            eventTime=event["eventTime"],
            producer=event["producer"],
            eventType=RunState[event["eventType"]],
            run=Run(runId=event["run"]["runId"]),
            job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
            inputs=[InputDataset(namespace=one["namespace"], name=one["name"]) for one in event["inputs"]],
            outputs=[OutputDataset(namespace=one["namespace"], name=one["name"]) for one in event["outputs"]],
        )
    print(f"lineage: {len(events)} events")
    return [] if len(events) == 3 else ["there must be three events"]


def materials(folder):
    """Returns what CycloneDX's schema refuses."""
    text = (folder / "bom.json").read_text()
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    error = JsonStrictValidator(version).validate_str(text)
    print(f"bill of materials: CycloneDX {version.to_version()}, {len(json.loads(text)['components'])} components")
    return [error] if error else []


def signature(folder):
    """Returns what openssl says against the signature."""
    key = folder.parent / "public.pem"
    if not key.exists():
        return []
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", folder / "evidence.json"]
    done = subprocess.run([*command, "-sigfile", folder / "evidence.json.sig"], capture_output=True, text=True)
    print("signature:", done.stdout.strip())
    return [done.stdout + done.stderr] if done.returncode else []


def hashes(folder):
    """Returns what sha256sum finds in the folders that the index names."""
    index = json.loads((folder / "evidence.json").read_text())
    wrong = []
    for group in index["hashes"]:
        if "list" in group:
            root = group["root"].removeprefix("file:")
            command = ["sha256sum", "--quiet", "-c", (folder / group["list"]).resolve()]
            done = subprocess.run(command, cwd=root, capture_output=True, text=True)
            wrong += [done.stdout + done.stderr] if done.returncode else []
    print(f"hashes: {sum(group['files'] for group in index['hashes'])} files")
    return wrong


def main():
    logging.getLogger("absl").setLevel(logging.ERROR)
    folder = pathlib.Path(sys.argv[1])
    wrong = [one for check in (croissant, lineage, materials, signature, hashes) for one in check(folder)]
    for one in wrong:
        print("error:", one)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
