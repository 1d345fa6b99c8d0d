package io.github.sparkfinetune.extra.explain;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RowSamples;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.prepare.TokenizingIterator;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * The rows whose predictions are explained: as for training, or as {@code predict} writes them.
 *
 * @param config the run with the format and the columns of the rows
 */
record GivenRows(RunConfig config, SourceFiles source) {
    /** Largest number of rows. Each has its gradients in every task. */
    static final int MOST = 1000;

    private static final String PREDICTION = "prediction";

    /**
     * A row.
     *
     * @param text text of the row
     * @param samples tokens and labels of the row; empty for a row that cannot be used
     * @param error why the row cannot be used, or null
     */
    record Given(String text, List<Sample> samples, String error) implements Serializable {}

    /**
     * Finds the rows.
     *
     * @param key name of the path in messages
     * @param path absolute path
     */
    static GivenRows of(SparkSession session, RunConfig run, String key, String path) {
        RunConfig detecting = detecting(run);
        SourceFiles source = Sources.of(session, detecting.data(), key, Manifest.TEST, path);
        return new GivenRows(named(session, detecting, source), source);
    }

    /**
     * Returns the run with the format by the names of the files, which may differ from that of the training text. The
     * names of plain texts and of SQuAD's files do not tell their format.
     */
    private static RunConfig detecting(RunConfig run) {
        return run.data().format().isChosenByAuto()
                ? RunConfigLoader.with(run, "--input", List.of(RunConfigLoader.override("data.format", "auto")))
                : run;
    }

    /**
     * Returns the run with the columns of {@code predict}'s output where the source has them: the predictions instead
     * of labels, and its names of texts if those of the training text are missing.
     */
    private static RunConfig named(SparkSession session, RunConfig run, SourceFiles source) {
        List<String> given = new SourceReader(session, null, run.data()).columns(source);
        DataConfig columns = run.data();
        List<String> overrides = new ArrayList<>();
        if (given.contains(PREDICTION)) {
            overrides.add(RunConfigLoader.override("data.label", PREDICTION));
        }
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("text", columns.text());
        texts.put("text_pair", columns.textPair());
        texts.forEach((predicted, own) -> {
            if (own != null && !given.contains(own) && given.contains(predicted)) {
                overrides.add(RunConfigLoader.override("data." + predicted, predicted));
            }
        });
        return overrides.isEmpty() ? run : RunConfigLoader.with(run, "--input", overrides);
    }

    /**
     * Reads the rows, in the order of the source.
     *
     * @param labels names of the dataset's labels by id
     * @throws RunException if there are no rows, or more than {@link #MOST}
     */
    List<Given> read(SparkSession session, TokenizerFiles tokenizer, List<String> labels) {
        List<Given> given = read(session, TaskDatas.of(config), tokenizer, labels);
        if (given.isEmpty()) {
            throw RunException.data(source.key() + ": " + source.path() + " has no rows");
        }
        if (given.size() > MOST) {
            throw RunException.data(source.key() + ": " + source.path() + " has more than " + MOST
                    + " rows: give only those whose predictions are to be explained");
        }
        return given;
    }

    private <C> List<Given> read(
            SparkSession session, TaskData<C> task, TokenizerFiles tokenizer, List<String> labels) {
        SourceReader.Rows<C> rows = new SourceReader(session, tokenizer, config.data()).read(source, task, true);
        String key = source.key();
        List<String> names = new ArrayList<>(labels);
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        Broadcast<TokenizerFiles> files = spark.broadcast(tokenizer);
        try {
            return rows.rdd()
                    .mapPartitions(partition -> TokenizingIterator.of(
                            files.value(), partition, open -> made(task, open, files.value(), key, names)))
                    .take(MOST + 1);
        } finally {
            files.destroy();
        }
    }

    private static <C> Function<CleanRow<C>, Given> made(
            TaskData<C> task, TextTokenizer open, TokenizerFiles files, String key, List<String> names) {
        TaskData.Encoder<C> encoder = task.encoder(open, files, key, names);
        return row -> {
            if (row.badBecause() != null) {
                return new Given(null, List.of(), row.badBecause());
            }
            Set<String> unknown = new TreeSet<>(task.rowsPerLabel(
                            Map.of(row.stratum(), 1L),
                            row.labels().stream().collect(Collectors.toMap(label -> label, label -> 1L)))
                    .keySet());
            names.forEach(unknown::remove);
            if (!unknown.isEmpty()) {
                return new Given(
                        null,
                        List.of(),
                        "label " + String.join(", ", unknown) + ", which the training rows do not have");
            }
            List<Sample> samples = RowSamples.of(task, encoder, row, names).samples();
            return new Given(task.text(row.content()), samples, samples.isEmpty() ? "no tokens with a label" : null);
        };
    }
}
