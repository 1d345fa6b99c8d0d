package io.github.sparkfinetune.extra.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.train.Influence;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.extra.erase.EraseJob;
import io.github.sparkfinetune.extra.erase.Erasure;
import io.github.sparkfinetune.extra.erase.Selection;
import io.github.sparkfinetune.extra.erase.Trace;
import io.github.sparkfinetune.extra.erase.TraceJob;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.predict.PredictJob;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(600)
class ExplainJobTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 10;

    @TempDir
    Path folder;

    private SparkSession spark;

    @BeforeEach
    void write() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add(row(text(i), ofRow(i)));
        }
        Files.write(folder.resolve("rows.jsonl"), lines);
    }

    private static String text(int i) {
        return "Licence " + i + (i % 2 == 0 ? " of the sea" : " of the sky") + " lets you copy it " + i + " times.";
    }

    private static String ofRow(int i) {
        return i % 2 == 0 ? "sea" : "sky";
    }

    private static String row(String text, String label) throws IOException {
        return JSON.writeValueAsString(label == null ? Map.of("text", text) : Map.of("text", text, "label", label));
    }

    private Path input(String... rows) throws IOException {
        return Files.write(folder.resolve("given.jsonl"), List.of(rows));
    }

    private RunConfig config(String model, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODELS.resolve(model).toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("rows.jsonl"),
                "data.dir=" + folder.resolve("dataset"),
                "data.eval_fraction=0",
                "data.test_fraction=0",
                "data.shards=3",
                "data.max_length=32",
                "training.learning_rate=1.0e-3",
                "training.num_train_epochs=2",
                "training.per_device_train_batch_size=2",
                "training.save_steps=2",
                "training.save_total_limit=3"));
        all.addAll(List.of(more));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private RunConfig trained(String model, String... more) {
        RunConfig config = config(model, more);
        spark = SparkSessions.open(config, "test", "local[2]", Map.of());
        PrepareJob.run(spark, config);
        TrainJob.run(spark, config, record -> {});
        return config;
    }

    private Explained explain(RunConfig config, Path input, String output, int most) {
        return ExplainJob.run(
                spark,
                config,
                new ExplainRequest(input.toString(), folder.resolve(output).toString(), most));
    }

    @Test
    void ranksAllTrainingDocumentsByInfluence() throws Exception {
        RunConfig config = trained("bert-seqcls", "method.type=lora");
        Path input = input(row(text(4), "sea"), row("", "sky"), row(text(7), "sky"), row(text(5), "land"));

        Explained explained = explain(config, input, "explained", ROWS);

        assertThat(explained.unusable()).isEqualTo(2);
        assertThat(explained.reason()).isNotEmpty();
        assertThat(explained.checkpoints()).isEqualTo(3);
        assertThat(explained.explanations()).extracting(Explanation::index).containsExactly(0L, 2L);
        assertThat(explained.explanations()).extracting(Explanation::label).containsExactly("sea", "sky");
        Manifest manifest = manifest(config);
        double[][] expected = influence(config, manifest, 4, 7);
        for (int row = 0; row < 2; row++) {
            Explanation explanation = explained.explanations().get(row);
            List<Explanation.Document> all = new ArrayList<>(explanation.supporting());
            all.addAll(explanation.opposing());
            assertThat(all).hasSize(expected.length).doesNotHaveDuplicates();
            assertThat(explanation.supporting())
                    .isSortedAccordingTo((a, b) -> Double.compare(b.influence(), a.influence()));
            assertThat(explanation.opposing())
                    .isSortedAccordingTo((a, b) -> Double.compare(a.influence(), b.influence()));
            double largest = Math.abs(explanation.supporting().get(0).influence());
            for (Explanation.Document document : all) {
                assertThat(document.influence())
                        .isCloseTo(expected[(int) document.sample()][row], within(1e-5 * largest));
            }
        }
        assertNamesItsSource(
                config, manifest, explained.explanations().get(0).supporting().get(0));

        List<Row> rows = spark.read()
                .parquet(folder.resolve("explained").toString())
                .orderBy("index")
                .collectAsList();
        assertThat(rows).hasSize(2);
        Row first = rows.get(0).<Row>getList(3).get(0);
        assertThat(first.<Double>getAs("influence"))
                .isEqualTo(explained.explanations().get(0).supporting().get(0).influence());
    }

    private Manifest manifest(RunConfig config) throws IOException {
        return Manifest.read(new org.apache.hadoop.fs.Path(config.dataset()), new Configuration());
    }

    /** Returns the influence of all training samples on those of two rows, computed in one process. */
    private double[][] influence(RunConfig relative, Manifest manifest, int... rows) throws Exception {
        Configuration hadoop = new Configuration();
        RunConfig config = AbsolutePaths.of(relative, hadoop);
        RankContext rank = new RankContext(
                new SingleRank(), -1, 1, hadoop, folder.resolve("local"), "test", record -> {}, () -> StopRequest.NONE);
        List<Sample> samples = new ArrayList<>();
        for (int row : rows) {
            samples.add(sample(config, manifest, row));
        }
        try (Influence influence = new Influence(config, rank, Influence.points(config, manifest, hadoop))) {
            return influence.of(samples, 0, manifest.split(Manifest.TRAIN).rows());
        }
    }

    private Sample sample(RunConfig config, Manifest manifest, int row) throws IOException {
        Path file = Files.writeString(folder.resolve("row.json"), row(text(row), ofRow(row)));
        Trace.Place place = TraceJob.ofFile(spark, config, "--text-file", file.toString())
                .places()
                .get(0);
        try (ParquetSamples samples = ParquetSamples.open(
                new org.apache.hadoop.fs.Path(config.dataset()), manifest, Manifest.TRAIN, new Configuration())) {
            return samples.read(place.sample());
        }
    }

    private void assertNamesItsSource(RunConfig config, Manifest manifest, Explanation.Document document)
            throws IOException {
        assertThat(document.file()).endsWith("rows.jsonl");
        Trace trace = TraceJob.ofHash(spark, config, "--hash", document.hash());
        assertThat(trace.places()).extracting(Trace.Place::sample).containsExactly(document.sample());
        try (ParquetSamples samples = ParquetSamples.open(
                new org.apache.hadoop.fs.Path(config.dataset()), manifest, Manifest.TRAIN, new Configuration())) {
            int label = samples.read(document.sample()).label();
            assertThat(document.label()).isEqualTo(manifest.labels().get(label));
        }
        assertThat(document.text()).containsIgnoringCase("licence");
    }

    @Test
    void explainsWhatPredictHasWritten() throws Exception {
        Files.writeString(
                folder.resolve("rows.jsonl"),
                Files.readString(folder.resolve("rows.jsonl")).replace("\"text\"", "\"body\""));
        RunConfig config = trained("bert-seqcls", "method.type=freeze", "data.text=body");
        Path input = input(JSON.writeValueAsString(Map.of("body", text(4))));
        String predicted = folder.resolve("predicted").toString();
        PredictJob.run(spark, config, "--input", input.toString(), predicted);
        String prediction = spark.read().parquet(predicted).first().getAs("prediction");
        // The rows of an evaluation have the label, too.
        String evaluated = folder.resolve("evaluated").toString();
        spark.read()
                .parquet(predicted)
                .withColumn("label", functions.lit(prediction.equals("sea") ? "sky" : "sea"))
                .write()
                .parquet(evaluated);

        Explained explained = explain(config, Path.of(evaluated), "out", 3);

        Explanation explanation = explained.explanations().get(0);
        assertThat(explanation.text()).isEqualTo(text(4));
        assertThat(explanation.label()).isEqualTo(prediction);
        assertThat(explanation.supporting()).hasSizeBetween(1, 3);
        // Half of the documents have the predicted label, and the head learns labels first.
        assertThat(explanation.supporting().get(0).label()).isEqualTo(prediction);
        assertThat(explanation.opposing().get(0).label()).isNotEqualTo(prediction);
    }

    @Test
    void hasNoErasedDocument() throws Exception {
        RunConfig config = trained("bert-seqcls", "method.type=lora");
        EraseJob erase = new EraseJob(spark, config);
        Path row = Files.writeString(folder.resolve("row.json"), row(text(4), "sea"));
        Erasure erased = erase.begin(erase.find(new Selection(Selection.Kind.FILE, row.toString())));
        TrainJob.run(spark, config, record -> {});
        erase.end(erased);

        Explanation explanation = explain(config, input(row(text(4), "sea")), "out", ROWS)
                .explanations()
                .get(0);

        assertThat(explanation.supporting().size() + explanation.opposing().size())
                .isEqualTo(ROWS - 1);
        assertThat(explanation.supporting())
                .extracting(Explanation.Document::hash)
                .doesNotContain(erased.documents().get(0))
                .doesNotContainNull();
    }

    /** Tasks whose samples have gradients of their own. */
    enum Kind {
        TEXTS("llama-tied", i -> Map.of("text", text(i)), "task=causal-lm", "data.packing=none", "method.type=lora"),
        PARTS("bert-qa", Kind::question, "task=question-answering", "data.max_length=20", "data.stride=4"),
        // The row and its copy in the training have masks of their own: most tokens need a label in both.
        MASKED("bert-mlm", i -> Map.of("text", text(i)), "task=masked-lm", "masked_lm.mlm_probability=0.6"),
        WORDS(
                "bert-tokencls",
                i -> Map.of("tokens", List.of("licence", "" + i), "ner_tags", List.of("O", "B-NUMBER")),
                "task=token-classification",
                "data.text=tokens",
                "data.label=ner_tags"),
        ANSWERS(
                "llama-tied",
                i -> Map.of("prompt", "What is " + i + "?", "completion", text(i)),
                "task=sft",
                "data.packing=none",
                "method.type=lora"),
        SEVERAL(
                "bert-multilabel",
                i -> Map.of("text", text(i), "label", List.of(ofRow(i), "licence")),
                "classification.problem_type=multi_label_classification"),
        NUMBERS(
                "bert-regression",
                i -> Map.of("text", text(i), "label", i / 10.0),
                "classification.problem_type=regression"),
        PAIRS(
                "bert-regression",
                i -> Map.of("text", text(i), "document", text(i + i % 3), "label", i % 3 == 0 ? 1 : 0),
                "task=reranking",
                "data.text_pair=document"),
        REWARDS(
                "llama-tied",
                i -> Map.of("prompt", "What is " + i + "?", "chosen", text(i), "rejected", "No " + i),
                "task=reward",
                "method.type=lora");

        private final String model;

        @SuppressWarnings("ImmutableEnumChecker")
        private final IntFunction<Map<String, ?>> row;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Kind(String model, IntFunction<Map<String, ?>> row, String... settings) {
            this.model = model;
            this.row = row;
            this.settings = List.of(settings);
        }

        private static Map<String, ?> question(int i) {
            String context = "It is said here, and at great length, that " + text(i) + " Nothing else is said of it.";
            Map<String, ?> answers = Map.of("text", List.of("" + i), "answer_start", List.of(context.indexOf("" + i)));
            return Map.of("id", "q" + i, "question", "What licence?", "context", context, "answers", answers);
        }

        String json(int i) throws IOException {
            return JSON.writeValueAsString(row.apply(i));
        }
    }

    static Stream<Arguments> kinds() {
        return TestMatrix.first(2, Stream.of(Kind.values()).map(Arguments::of).toArray(Arguments[]::new));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void findsATrainingDocumentForItself(Kind kind) throws Exception {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            rows.add(kind.json(i));
        }
        Files.write(folder.resolve("rows.jsonl"), rows);
        RunConfig config = trained(kind.model, kind.settings.toArray(String[]::new));

        Explanation explanation = explain(config, input(kind.json(4)), "out", 4 * ROWS)
                .explanations()
                .get(0);

        Path file = Files.writeString(folder.resolve("row.json"), kind.json(4));
        String hash =
                TraceJob.ofFile(spark, config, "--text-file", file.toString()).hash();
        double own = Stream.of(explanation.supporting(), explanation.opposing())
                .flatMap(List::stream)
                .filter(document -> hash.equals(document.hash()))
                .mapToDouble(Explanation.Document::influence)
                .sum();
        assertThat(own).isPositive();
        assertThat(explanation.label()).isNull();
    }

    @Test
    void refusesWhatItCannotExplain() throws Exception {
        RunConfig config = config("bert-seqcls", "method.type=lora");
        spark = SparkSessions.open(config, "test", "local[2]", Map.of());
        Path input = input(row(text(4), "sea"));
        refused(config, input, "out", "output.dir: there is no model in ");
        PrepareJob.run(spark, config);
        TrainJob.run(spark, config, record -> {});
        refused(config, input("{}"), "out", "--input: no row of ");
        refused(config, input(), "out", "--input");
        Files.createDirectory(folder.resolve("there"));
        refused(config, input(row(text(4), "sea")), "there", "--output: ");
        for (Path checkpoint : checkpoints(config)) {
            Files.delete(checkpoint.resolve("COMMITTED"));
        }
        refused(config, input(row(text(4), "sea")), "out", "output.dir: there is no checkpoint in ");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private void refused(RunConfig config, Path input, String output, String message) {
        assertThatThrownBy(() -> explain(config, input, output, 3))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("\n");
    }

    private List<Path> checkpoints(RunConfig config) throws IOException {
        try (Stream<Path> folders = Files.list(Path.of(config.output().checkpoints()))) {
            return folders.toList();
        }
    }
}
