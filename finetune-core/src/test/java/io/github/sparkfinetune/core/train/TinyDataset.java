package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** A small prepared dataset for a run's task, of random samples with a pattern to learn. */
public final class TinyDataset {
    private static final List<String> LABELS = List.of("a", "b", "c");
    private static final List<String> TAGS = List.of("B-X", "I-X", "O");
    public static final int TRAIN_ROWS = 66;
    private static final int EVAL_ROWS = 24;
    static final int LONGEST = 30;
    static final int FIRST_ID = 10;
    static final int IDS = 370;

    private final Path folder;
    private final RunConfig config;
    private final Configuration hadoop;
    private final DatasetOptions options;
    private final boolean oneTokenType;

    private TinyDataset(Path folder, RunConfig config, Path model, Configuration hadoop) throws IOException {
        this.folder = Files.createDirectory(folder);
        this.config = config;
        this.hadoop = hadoop;
        // RoBERTa's models and tokenizers have only one token type.
        this.oneTokenType = HfConfig.read(model).number(2, "type_vocab_size") == 1;
        TokenizerFiles tokenizer = TaskDatas.tokenizer(hadoopPath(model), config, Architectures::positions, hadoop);
        DatasetOptions made = TaskDatas.of(config).options(tokenizer);
        DatasetOptions texts = DatasetOptions.ofTexts(config.data().maxLength(), 1000, false, tokenizer.sha256(), 2, 42)
                .withColumns("text", null, labels().isEmpty() ? null : "label")
                .withSplit(0.1, 0, null, null)
                .withDocuments(made.documents())
                .withProblemType(made.problemType())
                .withQuestionAnswering(made.questionAnswering())
                .withRelated(made.related());
        options = Components.with(Components.with(texts, "stride", made.stride()), "teacher", made.teacher());
    }

    /**
     * Writes a dataset.
     *
     * @param folder new folder
     * @param config configuration of the run
     * @param model folder of the run's model
     */
    static void write(Path folder, RunConfig config, Path model, Configuration hadoop) throws IOException {
        new TinyDataset(folder, config, model, hadoop).write();
    }

    private void write() throws IOException {
        Map<String, DatasetSplit> splits = new LinkedHashMap<>();
        splits.put(Manifest.TRAIN, split(Manifest.TRAIN, TRAIN_ROWS));
        splits.put(Manifest.EVAL, split(Manifest.EVAL, EVAL_ROWS));
        Manifest.of(config.task(), labels(), LONGEST, 0, splits, options)
                .withSources(List.of(new Manifest.Source("data.train", "memory", 1, 1, "0")))
                .write(hadoopPath(folder), hadoop);
    }

    private List<String> labels() {
        if (config.task() == Task.TOKEN_CLASSIFICATION) {
            return TAGS;
        }
        if (config.task() != Task.CLASSIFICATION) {
            return List.of();
        }
        return config.classification().problemType() == ProblemType.REGRESSION ? List.of("LABEL_0") : LABELS;
    }

    private DatasetSplit split(String name, int rows) throws IOException {
        SplittableRandom random = new SplittableRandom(name.hashCode());
        List<DatasetSplit.Shard> shards = new ArrayList<>();
        List<Sample> all = new ArrayList<>();
        for (int shard = 0; shard < 2; shard++) {
            String file = name + "-" + shard + ".parquet";
            SampleWriter writer = new SampleWriter(
                    hadoopPath(folder.resolve(file)),
                    config.task() == Task.RERANKING
                            ? TaskDatas.of(config).heldOutSchema()
                            : TaskDatas.of(config).schema(),
                    hadoop);
            try (writer) {
                for (int row = 0; row < rows / 2; row++) {
                    boolean unlabelled = name.equals(Manifest.TRAIN) && row % 4 == 3;
                    for (Sample generated : samples(config, random, row)) {
                        Sample typed = oneTokenType ? withoutTypes(generated) : generated;
                        Sample sample = options.teacher() == null ? typed : taught(typed, row, unlabelled);
                        writer.write(sample);
                        all.add(sample);
                    }
                }
            }
            shards.add(new DatasetSplit.Shard(file, Files.size(folder.resolve(file)), writer.rowGroups()));
        }
        long tokens = all.stream().mapToLong(Sample::length).sum();
        if (config.task() == Task.QUESTION_ANSWERING) {
            return new DatasetSplit(all.size(), tokens, 0, List.of(), shards, null);
        }
        if (labels().isEmpty()) {
            DatasetSplit.Documents documents = new DatasetSplit.Documents(
                    all.stream().mapToLong(sample -> sample.documents().length).sum(),
                    all.stream().mapToLong(Sample::labelTokens).sum(),
                    Map.of());
            return new DatasetSplit(rows, tokens, 0, List.of(), shards, documents);
        }
        Long[] labels = new Long[labels().size()];
        Arrays.setAll(
                labels,
                label -> all.stream()
                        .filter(sample -> labels.length == 1
                                || sample.label() == label
                                || (sample.targets().length > 0 && sample.targets()[label] == 1)
                                || Arrays.stream(sample.labels()).anyMatch(ofToken -> ofToken == label))
                        .count());
        return new DatasetSplit(rows, tokens, 0, List.of(labels), shards, null);
    }

    private static Sample withoutTypes(Sample sample) {
        return new Sample(
                sample.index(),
                sample.inputIds(),
                new int[sample.length()],
                sample.label(),
                sample.labels(),
                sample.documents(),
                sample.targets(),
                sample.window());
    }

    /** Returns the samples of a row of a task. */
    private static List<Sample> samples(RunConfig config, SplittableRandom random, int row) {
        return switch (config.task()) {
            case CLASSIFICATION -> List.of(text(config.classification().problemType(), random, row));
            case QUESTION_ANSWERING -> TinyQuestions.samples(random, row);
            case TOKEN_CLASSIFICATION -> List.of(window(random, row));
            case PREFERENCE -> List.of(pair(random, row));
            case REWARD -> List.of(rewarded(random, row));
            case UNPAIRED_PREFERENCE -> List.of(rated(random, row));
            case EMBEDDING -> List.of(related(random, row));
            case RERANKING -> List.of(TinyRankings.sample(config.reranking(), random, row));
            default -> List.of(documents(random, row, config.task() == Task.SFT, random.nextInt(1, 5)));
        };
    }

    /** Returns a text whose second token determines its label. */
    static Sample text(ProblemType problem, SplittableRandom random, int row) {
        int label = row % LABELS.size();
        int[] ids = random.ints(random.nextInt(4, LONGEST), FIRST_ID, FIRST_ID + IDS)
                .toArray();
        ids[1] = 100 + label;
        Sample text = new Sample(0, ids, new int[ids.length], -1);
        return switch (problem) {
            case SINGLE_LABEL_CLASSIFICATION -> new Sample(0, ids, new int[ids.length], label);
            // Two labels, one label or none.
            case MULTI_LABEL_CLASSIFICATION -> text.withTargets(label < 2 ? 1 : 0, label < 1 ? 1 : 0, 0);
            case REGRESSION -> text.withTargets(label - 0.5);
        };
    }

    /** Returns a text for a teacher, which reads it as it was given. */
    private static Sample taught(Sample text, int row, boolean unlabelled) {
        String given = "{\"text\":\"" + "abc".charAt(text.label()) + " and " + row + "\"}";
        return text.withLabel(unlabelled ? -1 : text.label()).with(new Window(0, new int[0], new int[0], given));
    }

    /**
     * Returns documents in which a token determines the next token in 9 of 10 cases.
     *
     * @param masked true if the first half of each document has no labels, and every tenth sample none at all
     */
    static Sample documents(SplittableRandom random, int row, boolean masked, int count) {
        int[] lengths = random.ints(count, 1, LONGEST / count + 1).toArray();
        int[] ids = new int[Arrays.stream(lengths).sum()];
        int[] labels = new int[ids.length];
        int at = 0;
        for (int length : lengths) {
            for (int t = 0; t < length; t++, at++) {
                boolean follows = t > 0 && random.nextInt(10) > 0;
                ids[at] = FIRST_ID + (follows ? (ids[at - 1] * 7 + 3) % IDS : random.nextInt(IDS));
                labels[at] = masked && (t < length / 2 || row % 10 == 9) ? Sample.IGNORED : ids[at];
            }
        }
        return Sample.ofDocuments(row, ids, labels, lengths);
    }

    /** Returns a prompt with two answers; the better answer follows the pattern of {@link #documents}. */
    static Sample pair(SplittableRandom random, int row) {
        int[] prompt = random.ints(random.nextInt(2, 8), 0, IDS).toArray();
        int[] lengths = random.ints(2, 1, 8).toArray();
        int[] ids = new int[2 * prompt.length + lengths[0] + lengths[1]];
        int[] labels = new int[ids.length];
        int at = 0;
        for (int answer = 0; answer < 2; answer++) {
            for (int t = 0; t < prompt.length + lengths[answer]; t++, at++) {
                boolean inPrompt = t < prompt.length;
                int id = inPrompt ? prompt[t] : random.nextInt(IDS);
                ids[at] = FIRST_ID + (!inPrompt && answer == 0 ? (ids[at - 1] * 7 + 3) % IDS : id);
                labels[at] = inPrompt ? Sample.IGNORED : ids[at];
            }
        }
        return Sample.ofDocuments(row, ids, labels, prompt.length + lengths[0], prompt.length + lengths[1]);
    }

    /** Returns two texts that share a token, with a score. */
    private static Sample related(SplittableRandom random, int row) {
        int[] first =
                random.ints(random.nextInt(3, 12), FIRST_ID, FIRST_ID + IDS).toArray();
        int[] second =
                random.ints(random.nextInt(3, 12), FIRST_ID, FIRST_ID + IDS).toArray();
        second[1] = first[1];
        int[] ids =
                IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
        return Sample.ofDocuments(row, ids, ids.clone(), first.length, second.length)
                .withTargets(row % 5 / 4.0);
    }

    /** Returns a pair whose tokens all have labels, with a margin. */
    private static Sample rewarded(SplittableRandom random, int row) {
        Sample pair = pair(random, row);
        return Sample.ofDocuments(row, pair.inputIds(), pair.inputIds().clone(), pair.documents())
                .withTargets(row % 3 * 0.5);
    }

    /**
     * Returns a prompt with an answer, and an answer to another prompt as the second document. Every other answer
     * follows the pattern of {@link #documents} and has label 1.
     */
    private static Sample rated(SplittableRandom random, int row) {
        Sample pair = pair(random, row);
        Sample answer = pair.document(row % 2);
        Sample other = pair(random, row).document(0);
        List<Document> documents = Stream.of(answer, other)
                .map(one -> new Document(one.inputIds(), one.labels()))
                .toList();
        return Sample.ofDocuments(row, documents).withLabel(1 - row % 2);
    }

    /**
     * Returns a window of a row. Some rows have two windows; a token determines its label, every third has no label.
     */
    private static Sample window(SplittableRandom random, int row) {
        int[] ids =
                random.ints(random.nextInt(4, LONGEST), FIRST_ID, FIRST_ID + 24).toArray();
        int[] labels = new int[ids.length];
        Arrays.setAll(labels, t -> t % 3 == 0 ? Sample.IGNORED : ids[t] % TAGS.size());
        int number = row % 4 == 3 ? 1 : 0;
        return new Sample(0, ids, new int[ids.length], -1)
                .withLabels(labels)
                .with(new Window(number, new int[0], new int[0], number == 0 ? "{}" : ""));
    }

    static org.apache.hadoop.fs.Path hadoopPath(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }
}
