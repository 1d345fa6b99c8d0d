"""Runs notebooks with nbclient, asserts the results of their cells and writes the notebooks as HTML.

Called by submit/notebooks/test.

"""

import pathlib
import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

HERE = pathlib.Path(__file__).resolve().parent
RUN = HERE.parent / "target/notebooks-run"
CELL_SECONDS = 1200

#: Assertions on a notebook's kernel after the run, and the number of plots in the notebook.
EXPECTED = {
    "prepare-data": (
        """
assert sum(balance.values()) == 2225 and sorted(balance) == ["business", "entertainment", "politics", "sports", "tech"]
assert repeated[0] > 50 and sum(dropped.values()) + kept == 2225 and dropped
duplicates = dataset.dropped["duplicates"]
assert duplicates > 50 and dataset.rows() + dataset.rows("test") + duplicates == 2225
assert len(lengths) == 2225 and max(lengths) == 512 and 0 < shares[511] < shares[256] < shares[128]
sizes = [row["tokens"] for row in dataset.samples().select("tokens").collect()]
assert len(sizes) == dataset.rows() and sum(sizes) == dataset.tokens() and max(sizes) == MAX_LENGTH
assert all(abs(count / dataset.rows() - dataset.label_counts("test")[label] / dataset.rows("test")) < 0.01
           for label, count in dataset.label_counts().items())
""",
        3,
    ),
    "train-and-compare": (
        """
assert accuracy["full"] > 0.8 and accuracy["lora"] > 0.8 and accuracy["head"] > 0.5, accuracy
assert comparison.rows()[0][0] == "test loss" and len(comparison.rows()[0]) == 4
for name, run in runs.items():
    losses = [record["loss"] for record in run.history]
    assert len(losses) == run.metrics["train"]["steps"] and losses[-1] < losses[0], name
assert [row["prediction"]["prediction"] for row in said.collect()] == ["sports", "business"]
""",
        1,
    ),
    "adapt-an-llm": (
        """
assert dataset.manifest["splits"]["test"]["documents"]["count"] == TEST
assert len(run.history) == STEPS and run.history[-1]["loss"] < 0.8 * run.history[0]["loss"]
assert metrics["test"]["loss"] < 0.8 * metrics["base"]["loss"] and len(metrics["answers"]) == ANSWERS
assert all(row["generated"] for row in answers.collect())
""",
        1,
    ),
    "erase-a-patient": (
        """
assert erasure["finished"] and erasure["replay"]["first_use"] > 0 and not erasure["replay"].get("because")
assert len(erasure["documents"]) == diagnoses.where(F.col("patient") == PATIENT).count() > 3
assert erasure["changes"]["model_after"] != erasure["changes"]["model_before"] and digest(run) == digest(anew)
""",
        0,
    ),
    "java-kernel": (
        """
if (accuracy < 0.7) throw new AssertionError(accuracy);
if (predicted.count() + train.count() < 250) throw new AssertionError(predicted.count());
""",
        0,
    ),
}


def execute(file):
    """Runs a notebook with an empty output folder and returns its rendered outputs."""
    notebook = nbformat.read(file, 4)
    nbformat.validate(notebook)
    expected, plots = EXPECTED[file.stem]
    with tempfile.TemporaryDirectory(prefix="notebook.") as output:
        java = notebook.metadata["kernelspec"]["name"] == "java"
        added = nbformat.v4.new_code_cell(f'OUTPUT = "{output}/run"' + (";" if java else ""))
        notebook.cells.insert(2, added)
        notebook.cells.append(nbformat.v4.new_code_cell(expected))
        client = NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(file.parent)}})
        try:
            client.execute()
        finally:
            del notebook.cells[2], notebook.cells[-1]
            RUN.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, RUN / file.name)
    (RUN / f"{file.stem}.html").write_text(HTMLExporter().from_notebook_node(notebook)[0])
    shown = [output.get("data", {}) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    images = sum("image/png" in data for data in shown)
    if images != plots:
        raise SystemExit(f"{file.name} shows {images} plots, not {plots}")
    if not java and not any("prepare   " in data.get("text/plain", "") and "text/html" in data for data in shown):
        raise SystemExit(f"{file.name} shows nothing of what prepare is at")


def main():
    names = sys.argv[1:] or sorted(EXPECTED)
    unknown = set(names) - set(EXPECTED)
    if unknown or sorted(EXPECTED) != sorted(file.stem for file in HERE.glob("*.ipynb")):
        raise SystemExit(
            f"the notebooks are {', '.join(sorted(EXPECTED))}; there is no {', '.join(unknown) or 'other'}"
        )
    for name in names:
        start = time.monotonic()
        execute(HERE / f"{name}.ipynb")
        print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
