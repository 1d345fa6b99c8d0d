package io.github.sparkfinetune.core.local;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.predict.TeacherFolder;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.DatasetWarnings;
import io.github.sparkfinetune.data.task.RowCounts;
import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Writes a dataset from rows in memory. Samples and their order are those of the Spark job for the same rows and
 * {@code data.shards: 1}.
 *
 * @param <C> content of a cleaned row
 */
final class LocalDataset<C> {
    private final RunConfig config;
    private final TaskData<C> task;
    private final TokenizerFiles tokenizer;
    private final Path folder;
    private final Configuration hadoop;
    private final DatasetOptions options;

    /** @param config configuration with absolute paths */
    LocalDataset(RunConfig config, TaskData<C> task, TokenizerFiles tokenizer, Configuration hadoop) {
        this.config = config;
        this.task = task;
        this.tokenizer = tokenizer;
        this.folder = new Path(config.dataset());
        this.hadoop = hadoop;
        requireLocal(config.data());
        task.check(tokenizer);
        this.options = task.options(tokenizer)
                .withFormat(DataFormat.JSONL)
                .withShards(1)
                .withSplit(0, 0, null, null);
    }

    private static void requireLocal(DataConfig data) {
        if (data.incremental()) {
            throw RunException.config(
                    "data.incremental: generations are made on Spark: prepare the dataset there, or set it to false");
        }
        if (data.subject() != null) {
            throw RunException.config(
                    "data.subject: subjects are kept on Spark: prepare the dataset there, or remove data.subject");
        }
        if (data.corpus().nearDedup().enabled()
                || data.corpus().decontaminate().enabled()
                || !data.corpus().sources().isEmpty()) {
            throw RunException.config("data.corpus: near_dedup, decontaminate and sources compare or mix documents on"
                    + " Spark: prepare the dataset there, or remove them");
        }
    }

    /**
     * Rows of a split, sorted, with the results of cleaning them.
     *
     * @param rows keys and encoded rows, by key
     * @param strata names of the strata by rank
     * @param duplicates rows left out because another row has the same content
     */
    private record Split(
            LocalSource source, List<byte[][]> rows, List<String> strata, RowCounts counts, long duplicates) {}

    /**
     * Writes the dataset, or returns the dataset of the same rows and options that is there.
     *
     * @param sources sources of the splits; the first is the training split
     * @param byModel spans of the model of {@code data.redact}
     * @throws RunException if the folder holds another dataset, or the rows cannot be used
     */
    Manifest write(List<LocalSource> sources, ModelSpans byModel) throws IOException {
        Map<LocalSource, List<CleanRow<C>>> clean = new LinkedHashMap<>();
        List<Manifest.Source> described = new ArrayList<>();
        for (LocalSource source : sources) {
            clean.put(source, source.clean(task, tokenizer, config.data(), byModel));
            described.add(described(source));
        }
        if (Manifest.exists(folder, hadoop)) {
            return finished(described);
        }
        List<String> labels = List.of();
        List<Split> splits = new ArrayList<>();
        try (TextTokenizer open = TextTokenizer.open(tokenizer)) {
            for (LocalSource source : sources) {
                RowCounts counts = counts(source, clean.get(source));
                Map<String, Long> found = task.rowsPerLabel(counts.strata, counts.labels);
                if (source.split().equals(Manifest.TRAIN)) {
                    labels = task.labelNames(TeacherFolder.labels(config, found.keySet(), hadoop));
                }
                requireKnown(source, found, labels);
                splits.add(sorted(source, clean.get(source), counts, open, labels));
            }
        }
        return write(splits, described, labels);
    }

    private Manifest finished(List<Manifest.Source> sources) throws IOException {
        Manifest manifest = Manifest.read(folder, hadoop);
        if (manifest.task() != config.task()
                || !manifest.options().equals(options)
                || !manifest.sources().equals(sources)) {
            throw RunException.config(folder + " holds a dataset of other rows or options: set data.dir to a new"
                    + " folder, or delete this one");
        }
        return manifest;
    }

    private static Manifest.Source described(LocalSource source) {
        ContentHash.Digest digest = new ContentHash.Digest();
        byte[][] rows = source.rows().stream()
                .map(row -> row.toString().getBytes(StandardCharsets.UTF_8))
                .toArray(byte[][]::new);
        long bytes = Arrays.stream(rows).mapToLong(row -> row.length).sum();
        return new Manifest.Source(
                source.key(), source.path(), 1, bytes, digest.of(rows).toHex());
    }

    private RowCounts counts(LocalSource source, List<CleanRow<C>> rows) {
        RowCounts counts = new RowCounts();
        rows.forEach(counts::add);
        if (counts.badRows() > config.data().maxBadFraction() * counts.rows) {
            throw RunException.data(source.key() + ": " + counts.badRows() + " of " + counts.rows
                    + " rows cannot be used ("
                    + DataFunnel.reasons(counts.bad) + "), more than data.max_bad_fraction: "
                    + config.data().maxBadFraction() + " allows: fix the rows, or raise data.max_bad_fraction");
        }
        if (counts.strata.isEmpty()) {
            throw RunException.data(source.key() + ": no row is left of " + counts.rows + ": there must be text in it");
        }
        return counts;
    }

    private static void requireKnown(LocalSource source, Map<String, Long> found, List<String> labels) {
        Set<String> unknown = new TreeSet<>(found.keySet());
        labels.forEach(unknown::remove);
        if (!unknown.isEmpty()) {
            throw RunException.data(source.key() + ": rows have the label "
                    + String.join(", ", unknown)
                    + ", which the training rows do not have: add rows with it to them, or remove these rows");
        }
    }

    private Split sorted(
            LocalSource source, List<CleanRow<C>> rows, RowCounts counts, TextTokenizer open, List<String> labels) {
        TaskData.Encoder<C> encoder = task.encoder(open, tokenizer, source.key(), labels);
        List<String> strata = List.copyOf(counts.strata.keySet());
        long seed = config.data().seed();
        boolean train = source.split().equals(Manifest.TRAIN);
        List<byte[][]> encoded = new ArrayList<>();
        for (CleanRow<C> row : rows) {
            if (row.badBecause() == null) {
                byte[] bytes = train ? encoder.encode(row) : encoder.encodeHeldOut(row);
                int rank = strata.indexOf(row.stratum());
                encoded.add(new byte[][] {RowKey.of(row.hash(), seed, rank, row.place(seed), 0, bytes), bytes});
            }
        }
        long usable = encoded.size();
        encoded.sort(Comparator.comparing(row -> row[0], Arrays::compareUnsigned));
        if (config.data().deduplicates()) {
            List<byte[][]> kept = new ArrayList<>();
            for (byte[][] row : encoded) {
                if (kept.isEmpty() || !RowKey.sameContent(kept.get(kept.size() - 1)[0], row[0])) {
                    kept.add(row);
                }
            }
            encoded = kept;
        }
        return new Split(source, encoded, strata, counts, usable - encoded.size());
    }

    private Manifest write(List<Split> splits, List<Manifest.Source> described, List<String> labels)
            throws IOException {
        boolean documents = options.documents() != null;
        Map<String, DatasetSplit> written = new LinkedHashMap<>();
        Map<String, SampleChecks> checks = new LinkedHashMap<>();
        SampleCounts all = new SampleCounts(labels.size(), documents);
        RowCounts cleaned = new RowCounts();
        for (Split split : splits) {
            cleaned.plus(split.counts());
            SampleChecks check = new SampleChecks(tokenizer.unknownTokenId(), task.endTokenIds(tokenizer));
            SampleCounts counts = new SampleCounts(labels.size(), documents);
            DatasetSplit.Shard shard = shard(split, labels, check, counts);
            all.plus(counts);
            if (counts.samples() > 0) {
                written.put(split.source().split(), counts.toSplit(List.of(shard)));
                checks.put(split.source().split(), check);
            }
        }
        cleaned.requireSamples(all, written.containsKey(Manifest.TRAIN), config.data());
        long duplicates = splits.stream().mapToLong(Split::duplicates).sum();
        Manifest manifest = new Manifest(
                Manifest.SCHEMA_VERSION,
                config.task(),
                labels,
                all.longest(),
                tokenizer.special().padId(),
                written,
                List.of(),
                List.of(),
                Map.of(),
                documents ? cleaned.bad : cleaned.withoutSample(all),
                cleaned.cut,
                cleaned.repaired,
                duplicates,
                cleaned.redacted,
                described,
                options,
                options.corpus() == null
                        ? null
                        : new Manifest.Corpus(cleaned.rows, cleaned.rejected, cleaned.masked, List.of()),
                List.of());
        manifest = manifest.withWarnings(warnings(manifest, checks, splits));
        manifest.write(folder, hadoop);
        return manifest;
    }

    private DatasetSplit.Shard shard(Split split, List<String> labels, SampleChecks check, SampleCounts counts)
            throws IOException {
        String name = split.source().split() + "/part-00000.parquet";
        Path file = new Path(folder, name);
        boolean train = split.source().split().equals(Manifest.TRAIN);
        SampleWriter writer = new SampleWriter(file, train ? task.schema() : task.heldOutSchema(), hadoop);
        try (writer) {
            SampleSink sink = task.sink(
                    sample -> {
                        writer.write(sample);
                        check.add(sample);
                    },
                    labels);
            for (byte[][] row : split.rows()) {
                sink.add(row[1], split.strata().get(RowKey.rank(row[0])));
            }
            counts.plus(sink.finish());
        }
        long bytes = file.getFileSystem(hadoop).getFileStatus(file).getLen();
        return new DatasetSplit.Shard(name, bytes, writer.rowGroups());
    }

    private List<Warning> warnings(Manifest manifest, Map<String, SampleChecks> checks, List<Split> splits) {
        Set<Long> trained =
                splits.get(0).rows().stream().map(row -> RowKey.second(row[0])).collect(Collectors.toSet());
        Map<String, DatasetWarnings.Leak> leaks = new LinkedHashMap<>();
        for (Split split : splits.subList(1, splits.size())) {
            long leaked = split.rows().stream()
                    .filter(row -> trained.contains(RowKey.second(row[0])))
                    .count();
            if (leaked > 0) {
                leaks.put(split.source().split(), new DatasetWarnings.Leak(leaked, ""));
            }
        }
        List<Warning> warnings = DatasetWarnings.of(manifest, checks, leaks);
        if (config.data().strict() && !warnings.isEmpty()) {
            throw RunException.data(
                    "data.strict: " + warnings.stream().map(Warning::message).collect(Collectors.joining("; also ")));
        }
        return warnings;
    }
}
