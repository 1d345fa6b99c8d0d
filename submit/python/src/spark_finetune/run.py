"""Runs of spark-finetune in the Spark session of a notebook, which may be one of Spark Connect."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from pyspark.sql import DataFrame, SparkSession

from spark_finetune import _html
from spark_finetune._backend import backends
from spark_finetune._rows import Rows, frame
from spark_finetune.data import Comparison, Dataset, FunnelLine, History, Metrics, Plan, Report
from spark_finetune.errors import ConfigError, DataError
from spark_finetune.groups import Groups
from spark_finetune.search import Search

if TYPE_CHECKING:
    from pyspark.ml.wrapper import JavaModel

Config = Union[str, "os.PathLike[str]", Mapping[str, Any]]


class Run:
    """A run in an existing Spark session.

    The methods do the same work as the commands of the same names and write the same folder, ``output.dir``. Finished
    steps in the folder are reused. During a call the cell shows the progress; interrupting the kernel cancels the call.

    >>> run = Run(spark, "conf/recipes/news-minilm.yaml", {"training.max_steps": 20, "output.dir": "runs/first"})
    >>> run.prepare()
    >>> run.train().evaluate()
    """

    def __init__(
        self,
        spark: SparkSession,
        config: Config,
        settings: Mapping[str, Any] | None = None,
        *,
        train: Rows | None = None,
        eval: Rows | None = None,
        test: Rows | None = None,
        stage: str | None = None,
    ) -> None:
        """Reads the configuration and computes nothing else but a checksum of DataFrames.

        :param config: path or URI of a YAML file, or a mapping with the same keys
        :param settings: single keys that override ``config``, such as ``{"training.max_steps": 20}``
        :param train: rows in place of ``data.train``; ``data.text``, ``data.label``, … name their columns. A DataFrame
            of Spark or pandas, a table of Arrow, or a list of dictionaries.
            Equal rows are the same run in every session; other rows are another run.
        :param eval: rows in place of ``data.eval``
        :param test: rows in place of ``data.test``
        :param stage: name of a pipeline's stage
        :raises ConfigError: if the configuration is wrong
        """
        self.spark = spark
        made = backends(spark)
        overrides = dict(settings or {})
        for split, rows in (("train", train), ("eval", eval), ("test", test)):
            if rows is not None:
                overrides[f"data.{split}"] = made.source(frame(spark, rows, split, None))
        assignments = _assignments(overrides)
        if isinstance(config, Mapping):
            text = json.dumps(dict(config), ensure_ascii=False)
            self._backend = made.of_text(text, "config", assignments, stage)
        else:
            self._backend = made.of_file(os.fspath(config), assignments, stage)

    @classmethod
    def open(cls, spark: SparkSession, output_dir: str) -> Run:
        """Opens the run of an output folder, for example a folder of ``finetune run``.

        :raises DataError: if the folder is not a run's
        """
        run = cls.__new__(cls)
        run.spark = spark
        run._backend = backends(spark).of_folder(output_dir)
        return run

    @classmethod
    def init(
        cls,
        spark: SparkSession,
        train: Rows | str,
        model: str,
        output_dir: str,
        *,
        task: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Run:
        """Looks at rows and a model, says what it found, and returns the run that fits, as ``finetune init`` does.

        >>> Run.init(spark, mails, "models/minilm", "runs/mails").run().metrics

        :param train: rows as for :class:`Run`, or a file, folder, glob or ``table:NAME``
        :param model: folder of the base model, or ``hub:ORG/NAME``
        :param task: training objective, by default the likeliest one
        :param settings: single keys, regardless of the rows
        :raises ConfigError: if no task fits the columns
        """
        run = cls.__new__(cls)
        run.spark = spark
        made = backends(spark)
        data = train if isinstance(train, str) else made.source(frame(spark, train, "train", None))
        proposed = json.loads(
            made.proposed(model, data, task, _assignments({**(settings or {}), "output.dir": output_dir}))
        )
        print("\n".join(proposed["found"]))
        run._backend = made.of_text(proposed["yaml"], "init", [], None)
        return run

    @property
    def config(self) -> dict[str, Any]:
        """Configuration with every default."""
        return dict(json.loads(self._backend.config()))

    @property
    def output_dir(self) -> str:
        """Output folder of the run."""
        return str(self.config["output"]["dir"])

    def plan(self) -> Plan:
        """Estimates the training: steps, tokens, memory of a rank, and settings that need less."""
        return Plan(*self._backend.plan())

    def prepare(self) -> Dataset:
        """Reads, cleans, splits and tokenizes the raw text into the dataset of the run.

        :raises DataError: if the text cannot be used
        """
        self._backend.step("prepare")
        return self.dataset

    @property
    def dataset(self) -> Dataset:
        """Prepared dataset.

        :raises DataError: if there is none yet
        """
        manifest = json.loads(self._backend.manifest())
        lines = json.loads(self._backend.funnel())
        funnel = [FunnelLine(line["name"], line["count"], line["note"]) for line in lines]
        return Dataset(self._backend.samples, manifest, funnel)

    def run(self) -> Run:
        """Prepares, trains and evaluates, as ``finetune run`` does; finished steps are reused.

        >>> Run(spark, config, train=rows).run().metrics
        """
        self.prepare()
        self.train()
        self.evaluate()
        return self

    def train(self) -> Run:
        """Trains on the prepared dataset and writes the model; resumes from the newest checkpoint.

        :raises FailedError: if the training failed; the same call resumes it
        """
        self._backend.step("train")
        return self

    def evaluate(self, rows: Rows | None = None) -> Metrics:
        """Measures the trained model on the held-out text; for a language model also the base model.

        >>> run.evaluate(this_month)

        :param rows: other rows to measure it on, with labels or answers, as for :class:`Run`; :attr:`metrics` and the
            report stay as they are
        """
        if rows is None:
            self._backend.step("evaluate")
            return self.metrics
        source = backends(self.spark).source(frame(self.spark, rows, "rows", None))
        folder = f"evaluations/{source.removeprefix('table:')}"
        self._backend.step("evaluate", input=source, output=f"{self.output_dir}/{folder}")
        return Metrics(json.loads(self._backend.file(f"{folder}/metrics.json") or "{}"))

    def model(self) -> JavaModel:
        """Returns the trained model as a stage of Spark ML, such as :class:`spark_finetune.ml.TextClassifierModel`.

        :raises DataError: if there is no trained model
        """
        # That module needs this one, and a JVM.
        ml = importlib.import_module("spark_finetune.ml")
        model: JavaModel = ml.trained_model(self.output_dir)
        return model

    @staticmethod
    def register(spark: SparkSession, name: str, output_dir: str) -> None:
        """Registers a trained model as a function of SQL in the session.

        Its arguments are the texts that the model reads. It returns the label, the answer, the generated text, the
        vector, the score or the entities, or null for a row that cannot be used.

        >>> Run.register(spark, "topic", "runs/news")
        >>> spark.sql("SELECT topic(text) FROM news")

        :param name: name of the function
        :param output_dir: output folder of a run
        :raises DataError: if there is no trained model
        """
        Run.open(spark, output_dir)._backend.step("register", function=name)

    def predict(self, rows: Rows, output_col: str = "prediction") -> DataFrame:
        """Adds the trained model's predictions: structures with the columns of ``finetune predict``.

        Rows need the columns that the ``data`` section names, except the label. The predictions are computed lazily,
        and the rows keep their order.

        >>> run.predict(["a text", "another"]).toPandas()

        :param rows: a DataFrame of Spark or pandas, a table of Arrow, a list of dictionaries, or a list of texts, which
            are the column ``data.text``
        """
        return self._backend.predict(frame(self.spark, rows, "rows", self.config["data"]["text"]), output_col)

    def predict_files(self, input: str, output: str) -> DataFrame:
        """Predicts every row of files or a table, in the format of the ``data`` section.

        :param input: file, folder, glob or ``table:NAME``
        :param output: folder of Parquet files, or ``table:NAME``, a table of Delta or Iceberg to which all are appended
        :return: rows of the Parquet files or of the table
        """
        self._backend.step("predict", input=input, output=output)
        table = output.removeprefix("table:")
        return self.spark.read.parquet(output) if table == output else self.spark.table(table)

    def explain(self, input: str, output: str, documents: int = 10) -> DataFrame:
        """Finds the training documents that most support predictions, and those that most oppose them.

        :param input: file, folder or glob with the columns of the training text, or the output of ``predict_files``
        :param output: new folder of Parquet files
        :param documents: documents on each side of a row, at most
        :return: rows with ``index``, ``text``, ``label``, ``supporting`` and ``opposing``
        """
        self._backend.step("explain", input=input, output=output, documents=documents)
        return self.spark.read.parquet(output)

    def erase(
        self,
        *,
        where: str | None = None,
        hash: str | None = None,
        text_file: str | None = None,
        subject: str | None = None,
        near_duplicates: bool = False,
        as_prepared: bool = False,
        plan: bool = False,
    ) -> list[dict[str, Any]]:
        """Erases documents from the dataset and, exactly, the model. The same call resumes an interrupted erasure.

        :param where: ``COLUMN=VALUE``, all rows of the sources with this value
        :param hash: hash of a document, as ``finetune trace`` shows it
        :param text_file: file with the document: a text, or a row as JSON
        :param subject: value of ``data.subject``, all rows with it, found without the sources
        :param near_duplicates: whether to erase documents that are nearly equal too
        :param as_prepared: whether to find ``where`` or ``hash`` by what the dataset keeps of its rows
        :param plan: only show what would be trained again
        :return: the erasures of ``erasure.json``, the newest last
        :raises DataError: if no sample holds such a document; nothing is changed then
        """
        choices = {"where": where, "hash": hash, "text_file": text_file, "subject": subject}
        chosen = {name: value for name, value in choices.items() if value}
        if len(chosen) != 1:
            raise ConfigError("erase takes one choice of documents: give it where, hash, text_file or subject")
        self._backend.step("erase", **chosen, near_duplicates=near_duplicates, as_prepared=as_prepared, plan=plan)
        return list(json.loads(self._backend.file("erasure.json") or "[]"))

    def merge(self, output: str, adapter: str | None = None) -> str:
        """Merges the adapter into its base model, and writes the model's folder.

        :param output: folder of the merged model, which must not exist
        :param adapter: folder of a PEFT adapter, by default the run's adapter
        :return: the folder
        """
        self._backend.step("merge", output=output, **({} if adapter is None else {"adapter": adapter}))
        return output

    def push(self, repo: str, public: bool = False) -> None:
        """Uploads the model or the adapter to the Hugging Face Hub, with the token in ``HF_TOKEN``.

        :param repo: ``ORG/NAME`` or ``ORG/NAME@BRANCH``; created if it does not exist
        :param public: whether a new repository is public
        """
        self.command("push", repo=repo, public=public)

    def export(self, output: str, type: str = "F16") -> str:
        """Writes the trained language model as a file for llama.cpp.

        :param output: the file, which must not exist
        :param type: type of the weights: F32, F16, BF16, Q8_0 or Q4_0
        :return: the file
        """
        self.command("export", output=output, type=type)
        return output

    def promote(
        self, pointer: str, metric: str | None = None, run_id: str | None = None, alias: str = "champion"
    ) -> None:
        """Points a file at the trained model, if it beats the model there, and says which one is in use.

        :param pointer: JSON file whose ``promoted.model`` is the folder of the model in use
        :param metric: metric to compare, by default ``training.metric_for_best_model``
        :param run_id: a name for the run, by default its ``output.dir``
        :param alias: alias in MLflow's registry for a registered model
        :raises DataError: if the model was not evaluated
        """
        given = {"metric": metric, "run_id": run_id}
        named = {name: value for name, value in given.items() if value is not None}
        self._backend.step("promote", pointer=pointer, alias=alias, **named)

    def mine(self, output: str, num_negatives: int = 5, range_min: int = 0, absolute_margin: float = 0.05) -> DataFrame:
        """Finds hard negatives for the pairs of an embedding run, by its trained model.

        :param output: new folder of Parquet files, the rows of ``data.train`` with a column of negatives
        :param num_negatives: negatives of a pair, at most
        :param range_min: the most similar texts to skip, which may match after all
        :param absolute_margin: how much less similar than the match a negative is
        :return: the rows
        """
        self._backend.step(
            "mine",
            output=output,
            num_negatives=num_negatives,
            range_min=range_min,
            absolute_margin=absolute_margin,
        )
        return self.spark.read.parquet(output)

    def command(self, name: str, **arguments: Any) -> None:
        """Runs a command that has no method of its own, such as ``trace``, ``mine`` or ``export``.

        >>> run.command("trace", text_file="mail.txt")

        :param name: name of the command, as ``finetune help`` lists it
        :param arguments: options of the command, with ``_`` for ``-``
        :raises ConfigError: if there is no such command, or it refuses an argument
        """
        self._backend.step(name, **arguments)

    def tune(
        self,
        tries: Mapping[str, Any],
        *,
        trials: int = 0,
        halving: int = 0,
        together: int = 1,
    ) -> Run:
        """Searches the settings with which the model is best on the evaluation rows, as ``finetune tune`` does.

        Prepares the dataset once and trains with each setting. ``output_dir`` becomes the folder of the best run. The
        same call resumes an interrupted search.

        >>> best = run.tune({"training.learning_rate": "1e-5..1e-3", "method.r": [8, 16]}, trials=12, halving=3)
        >>> best.search

        :param tries: values by key: a list, or ``FROM..TO``
        :param trials: number of settings to draw; 0 for all combinations of the lists
        :param halving: of so many trials the best trains as many times the steps; 0 to train all to the end
        :param together: trials that train at a time
        :return: the best run
        :raises ConfigError: if a key or a value cannot be tried
        """
        assignments = [
            f"{key}={values if isinstance(values, str) else json.dumps(values, ensure_ascii=False)}"
            for key, values in tries.items()
        ]
        self._backend.step("tune", tries=assignments, trials=trials, halving=halving, together=together)
        return Run.open(self.spark, self.output_dir)

    @property
    def search(self) -> Search:
        """Trials of :meth:`tune` so far.

        :raises DataError: if there was no search
        """
        record = self._backend.file("tune.json")
        if record is None:
            raise DataError(f"{self.output_dir} has no tune.json: search with tune first")
        return Search(json.loads(record))

    def per(self, column: str) -> Groups[Run]:
        """Returns the runs for the values of a column, each on the rows with its value.

        >>> groups = run.per("hospital").run(together=8)
        >>> groups["North"].metrics
        """
        return Groups(self.spark, self._backend, column, lambda folder: Run.open(self.spark, folder))

    @property
    def metrics(self) -> Metrics:
        """Measurements so far; empty if there are none."""
        return Metrics(json.loads(self._backend.file("metrics.json") or "{}"))

    @property
    def history(self) -> History:
        """Records of the training, one per logged step."""
        # The last line may be incomplete.
        return History(json.loads(line) for line in (self._backend.file("metrics.jsonl") or "").split("\n")[:-1])

    @property
    def report(self) -> Report:
        """``report.html`` of the run.

        :raises DataError: if there is none yet
        """
        return Report.read(self._backend, self.output_dir)

    def __repr__(self) -> str:
        return f"Run({self.output_dir!r})"

    def _repr_html_(self) -> str:
        config = self.config
        facts = {"model": config["model"], "task": config["task"], "method": config["method"]["type"]}
        rows = [*facts.items(), ("output.dir", self.output_dir)]
        return _html.table(rows, caption="Run") + self.metrics._repr_html_()


def _assignments(settings: Mapping[str, Any]) -> list[str]:
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]


def compare(runs: Mapping[str, Run]) -> Comparison:
    """Compares runs side by side.

    :param runs: runs by the names to show
    """
    return Comparison({name: run.metrics for name, run in runs.items()})


def explain_filters(rows: DataFrame, corpus: Mapping[str, Any], input_col: str = "text") -> DataFrame:
    """Shows for each document what ``data.corpus`` would do to it as a single training document.

    Ignores ``near_dedup`` and ``decontaminate``, which depend on other documents.

    :param corpus: the keys below ``data.corpus``, such as ``{"filters": ["gopher_quality"], "mask": ["email"]}``
    :param input_col: column of the text
    :return: the rows with ``cleaned_text``, null if nothing is left; ``dropped_because``, the rule's key below
        ``data.corpus`` or another reason, null for a kept document; ``masked``, the number of placeholders by kind
    :raises ConfigError: if a key is wrong or the column does not exist
    """
    if not corpus:
        raise ConfigError("corpus: no key of data.corpus is set: name filters, mask or normalize")
    settings = [f"data.corpus.{key}={json.dumps(value, ensure_ascii=False)}" for key, value in corpus.items()]
    return backends(rows.sparkSession).verdicts(rows, input_col, settings)
