package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.sft.SftEncoder;
import io.github.sparkfinetune.data.sft.SftPrompt;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Raw text to a prepared dataset, in two passes. The first reads and cleans every row, counts rows, labels and reasons,
 * and finds which rows are held out; whatever is wrong with the text is known then. The second reads again, tokenizes,
 * and shuffles by a hash of the content into as many ranges as there are shards, so that the files do not depend on the
 * cluster or on how the source is cut. Counts and label names are all that the driver ever sees.
 */
public final class PrepareJob {
    private static final Logger LOG = LoggerFactory.getLogger(PrepareJob.class);

    private PrepareJob() {}

    /**
     * Prepares the run's dataset, or finds it prepared already.
     *
     * @return the manifest of the dataset in {@code data.dir}
     * @throws RunException if the text, the tokenizer or the folder cannot be used
     */
    public static Manifest run(SparkSession spark, RunConfig config) {
        try {
            return prepare(spark, config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Manifest prepare(SparkSession spark, RunConfig config) throws IOException {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        DataConfig data = config.data();
        TokenizerFiles tokenizer = tokenizer(config, hadoop);
        TaskSamples<?> samples = TaskSamples.of(config, tokenizer);
        List<SourceFiles> sources = sources(data, hadoop);
        Manifest.Options options = options(config, tokenizer, sources);
        List<Manifest.Source> sourceList =
                sources.stream().map(SourceFiles::toManifest).toList();
        Path path = new Path(RunPaths.absolute("data.dir", config.dataset(), hadoop));
        DatasetFolder folder = new DatasetFolder(path, hadoop);
        Optional<Manifest> finished = folder.finished(config.task(), options, sourceList);
        if (finished.isPresent()) {
            LOG.info("{} is already prepared with the same text and options: it is used as it is", path);
            return finished.get();
        }
        folder.begin();
        Preparation<?> preparation = new Preparation<>(spark, config, samples, tokenizer, sources, options, path);
        try {
            Manifest manifest = preparation.run();
            folder.finish(manifest);
            return manifest;
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            RuntimeException error =
                    Errors.explain("prepare of " + sources.get(0).path(), e);
            try {
                folder.abandon();
            } catch (IOException left) {
                error.addSuppressed(left);
            }
            throw error;
        }
    }

    /**
     * Texts to predict: read, cleaned and tokenized as {@link #run} does, in the order of the source, rows that cannot
     * be used included.
     *
     * @param key configuration key of the path, for messages
     * @param path file, folder or glob, in the format of {@code data.format}
     */
    public static JavaRDD<TokenizedText> tokenize(SparkSession spark, RunConfig config, String key, String path) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        DataConfig data = config.data();
        SourceFiles source = SourceFiles.list(key, path, data.format(), hadoop);
        Broadcast<TokenizerFiles> tokenizer = broadcast(spark, config);
        int maxLength = data.maxLength();
        SourceReader.Rows<CleanText> rows = new TextReader(spark, data, false).read(source);
        RowCleaner.Factory<CleanText> cleaners = rows.cleaner();
        return rows.rdd().mapPartitions(partition -> {
            RowCleaner<CleanText> cleaner = cleaners.open();
            return TokenizingIterator.of(
                    tokenizer.value(), partition, open -> row -> text(open, cleaner.clean(row), maxLength));
        });
    }

    private static TokenizedText text(TextTokenizer tokenizer, CleanRow<CleanText> row, int maxLength) {
        if (row.badBecause() != null) {
            return new TokenizedText(row.file(), null, null, null, null, row.badBecause());
        }
        String text = row.content().text();
        String pair = row.content().pair();
        Encoded encoded = tokenizer.encode(text, pair, maxLength);
        return new TokenizedText(row.file(), text, pair, encoded.inputIds(), encoded.tokenTypeIds(), null);
    }

    /**
     * Prompts to generate from, of a task that generates: read, cleaned and rendered as {@link #run} does, in the order
     * of the source, rows that cannot be used included. Of conversations the prompt is what comes before the
     * assistant's last turn, which need not be there; of prompt and completion the prompt; of {@code causal-lm} the
     * text.
     *
     * @param key configuration key of the path, for messages
     * @param path file, folder or glob, in the format of {@code data.format}
     */
    public static JavaRDD<TokenizedPrompt> prompts(SparkSession spark, RunConfig config, String key, String path) {
        SourceFiles source = SourceFiles.list(
                key, path, config.data().format(), spark.sparkContext().hadoopConfiguration());
        Broadcast<TokenizerFiles> tokenizer = broadcast(spark, config);
        return switch (config.task()) {
            case CLASSIFICATION -> throw new IllegalArgumentException("task classification has no prompts");
            case CAUSAL_LM ->
                prompts(
                        new TextReader(spark, config.data(), false).read(source),
                        tokenizer,
                        (open, files) -> text ->
                                new SftPrompt(text.text(), open.encodeDocument(text.text(), Integer.MAX_VALUE), null));
            case SFT -> {
                SftSamples samples = SftSamples.of(config);
                yield prompts(samples.prompts(spark, tokenizer.value()).read(source), tokenizer, (open, files) -> {
                    SftEncoder encoder = samples.encoder(open, files);
                    return encoder::prompt;
                });
            }
        };
    }

    private interface PromptMaker<C> extends Serializable {
        Function<C, SftPrompt> open(TextTokenizer tokenizer, TokenizerFiles files);
    }

    private static <C> JavaRDD<TokenizedPrompt> prompts(
            SourceReader.Rows<C> rows, Broadcast<TokenizerFiles> tokenizer, PromptMaker<C> maker) {
        RowCleaner.Factory<C> cleaners = rows.cleaner();
        return rows.rdd().mapPartitions(partition -> {
            RowCleaner<C> cleaner = cleaners.open();
            return TokenizingIterator.of(tokenizer.value(), partition, open -> {
                Function<C, SftPrompt> prompt = maker.open(open, tokenizer.value());
                return row -> prompt(prompt, cleaner.clean(row));
            });
        });
    }

    private static <C> TokenizedPrompt prompt(Function<C, SftPrompt> maker, CleanRow<C> row) {
        if (row.badBecause() != null) {
            return TokenizedPrompt.bad(row.file(), row.badBecause());
        }
        try {
            SftPrompt prompt = maker.apply(row.content());
            return prompt.inputIds().length == 0
                    ? TokenizedPrompt.bad(row.file(), RowCleaner.EMPTY)
                    : new TokenizedPrompt(row.file(), prompt.text(), prompt.reference(), prompt.inputIds(), null);
        } catch (RunException e) {
            // The template refuses this conversation; the next one may be as it wants it.
            return TokenizedPrompt.bad(row.file(), e.getMessage());
        }
    }

    private static Broadcast<TokenizerFiles> broadcast(SparkSession spark, RunConfig config) {
        try {
            return JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .broadcast(tokenizer(config, spark.sparkContext().hadoopConfiguration()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static TokenizerFiles tokenizer(RunConfig config, Configuration hadoop) throws IOException {
        TokenizerFiles files = TokenizerFiles.read(
                new Path(RunPaths.absolute("model", config.model(), hadoop)), config, Architectures::positions, hadoop);
        // The native library refuses a bad file here, in milliseconds, instead of in a task.
        TextTokenizer.open(files).close();
        return files;
    }

    /** By place: the training text, then the held-out ones or null. */
    private static List<SourceFiles> sources(DataConfig data, Configuration hadoop) {
        List<SourceFiles> sources = new ArrayList<>();
        sources.add(SourceFiles.list("data.train", data.train(), data.format(), hadoop));
        if (data.eval() != null) {
            sources.add(SourceFiles.list("data.eval", data.eval(), data.format(), hadoop));
        }
        if (data.test() != null) {
            sources.add(SourceFiles.list("data.test", data.test(), data.format(), hadoop));
        }
        return sources;
    }

    private static Manifest.Options options(RunConfig config, TokenizerFiles tokenizer, List<SourceFiles> sources) {
        DataConfig data = config.data();
        return new Manifest.Options(
                config.task() == Task.SFT ? null : data.text(),
                data.textPair(),
                config.task() == Task.CLASSIFICATION ? data.label() : null,
                sources.get(0).format().name().toLowerCase(Locale.ROOT),
                data.eval() == null ? data.evalFraction() : 0,
                data.test() == null ? data.testFraction() : 0,
                data.maxLength(),
                data.maxTextBytes(),
                data.deduplicate(),
                data.shards(),
                data.seed(),
                tokenizer.sha256(),
                Manifest.DocumentOptions.of(config.task(), data, tokenizer));
    }
}
