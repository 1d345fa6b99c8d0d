package io.github.sparkfinetune.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.calibration.Reliability;
import io.github.sparkfinetune.core.metric.PrecisionRecall;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.train.Precision;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.core.train.speed.RankTime;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.predict.Scores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final String EVIL = "</script><img src=x onerror=alert(1)>&\"'";

    @TempDir
    private Path dir;

    @Test
    void reportIsOneFileThatLoadsNothing() throws IOException {
        RunFolder folder = folder("models/minilm");
        records(folder, 111);
        MetricsFile.put(
                folder,
                new TrainingResult(
                        111,
                        1776,
                        200_000,
                        61,
                        29,
                        3300,
                        111,
                        Map.of(),
                        812_000_000,
                        RANKS,
                        PRECISION,
                        new PrivacySpent(7.987, 8.9, 1e-5, 0.72, 1.0, null, 0.03)));
        MetricsFile.put(
                folder,
                List.of(Scores.ofLabels(
                        "test",
                        Map.of("accuracy", 0.97, "f1_macro", 0.9688, "loss", 0.12, "mcc", 0.9612),
                        List.of("business", "entertainment", "politics", "sport", "tech"),
                        new long[][] {
                            {98, 0, 3, 0, 1}, {0, 75, 1, 0, 1}, {2, 0, 81, 0, 0}, {0, 0, 0, 102, 0}, {1, 2, 0, 0, 77}
                        })));
        Reports.write(folder);

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html)
                .contains(
                        "default-src 'none'",
                        "models/minilm",
                        " · bf16 · differentially private: ε 7.99, δ 1.0e-05<",
                        ">0.9700<",
                        "mcc 0.9612",
                        "entertainment",
                        "learning_rate: 1.0E-4",
                        "rank 1 (host-b:7077)</th><td>1,234</td><td>1,900</td>")
                .doesNotContain("{{");
        assertThat(Pattern.compile("(src|href)\\s*=")
                        .matcher(outsideScripts(html))
                        .find())
                .isFalse();
        assertThat(count(html, "<script")).isEqualTo(3).isEqualTo(count(html, "</script>"));
        assertThat(html.length()).isLessThan(120_000);
        assertTablesScroll(html);
    }

    @Test
    void showsTheFunnelAndTheWarningsOfTheDataset() throws IOException {
        Path dataset = dir.resolve("dataset");
        RunFolder folder = folder("models/minilm", "data.dir=" + dataset);
        records(folder, 1);
        Reports.write(folder);
        assertThat(dir.resolve("report.html")).content().contains("The prepared dataset is not where it was");

        DatasetSplit train = new DatasetSplit(1200, 24_000, 7, List.of(1000L, 200L), List.of(), null)
                .with(new DatasetSplit.Side(1200, "[user, thread]", 300, 0, "2023-01-01", "2024-05-01"));
        DatasetSplit test = new DatasetSplit(120, 2_400, 0, List.of(100L, 20L), List.of(), null)
                .with(new DatasetSplit.Side(120, "[user, thread]", 40, 7, "2024-05-02", "2024-06-30"));
        new Manifest(
                        Manifest.SCHEMA_VERSION,
                        RunConfig.Task.CLASSIFICATION,
                        List.of("a", "b"),
                        64,
                        0,
                        Map.of(Manifest.TRAIN, train, Manifest.TEST, test),
                        List.of(),
                        List.of(),
                        Map.of(),
                        Map.of("empty_text", 3L),
                        0,
                        0,
                        30,
                        Map.of(),
                        List.of(),
                        DatasetOptions.ofTexts(64, 1000, false, "cafe", 2, 42).withColumns("text", null, "label"),
                        null,
                        List.of())
                .withWarnings(List.of(new Warning("label_imbalance", "the label a has " + EVIL)))
                .write(new org.apache.hadoop.fs.Path(dataset.toString()), new Configuration());
        Reports.write(folder);

        assertThat(dir.resolve("report.html"))
                .content()
                .contains(
                        "rows of the sources</th><td>1,353<",
                        "train rows</th><td>1,200</td><td class=\"side\">from 2023-01-01 to 2024-05-01; of 300 different"
                                + " values of user, thread<",
                        "test rows</th><td>120</td><td class=\"side\">from 2024-05-02 to 2024-06-30; of 40 different values"
                                + " of user, thread, 7 rows of such that are trained on<",
                        "left out: empty text</th><td>3<",
                        "left out: duplicates</th><td>30<",
                        "24,000 tokens, 20 a sample; 7 texts truncated",
                        "<p class=\"warning\">the label a has &lt;/script")
                .doesNotContain("<img");
    }

    /** Names of many columns are vertical, so that the matrix of 12 labels is not wider than the page. */
    @Test
    void matrixOfManyLabelsHasNarrowColumns() throws IOException {
        RunFolder folder = folder("m");
        for (int labels : new int[] {8, 12}) {
            List<String> names =
                    IntStream.range(0, labels).mapToObj(i -> "label " + i).toList();
            MetricsFile.put(
                    folder, List.of(Scores.ofLabels("test", Map.of("loss", 1.0), names, new long[labels][labels])));
            Reports.write(folder);

            assertThat(dir.resolve("report.html"))
                    .content()
                    .contains("<table class=\"confusion" + (labels == 12 ? " many" : "") + "\">")
                    .contains("<th scope=\"col\"><span>label 7</span></th>")
                    .containsSubsequence(
                            ".many th[scope=\"col\"] span", "writing-mode: vertical-rl", "position: sticky");
        }
    }

    @Test
    void showsAPartOfThousandsOfLabels() throws IOException {
        RunFolder folder = folder("models/minilm");
        records(folder, 1);
        Map<String, PrecisionRecall> byLabel = new LinkedHashMap<>();
        for (int label = 0; label < 20_000; label++) {
            byLabel.put("label " + label, new PrecisionRecall(0.5, 0.25, 1.0 / 3, label));
        }
        MetricsFile.put(
                folder,
                List.of(Scores.ofManyLabels(
                        "test",
                        Map.of("accuracy", 0.5),
                        byLabel,
                        List.of(new Scores.Confused("label 7", "label 8", 1234)))));
        Reports.write(folder);

        JsonNode metrics = MetricsFile.content(folder);
        assertThat(metrics.path("by_label")).hasSize(20_000);
        assertThat(metrics.at("/confusions/0").toString())
                .isEqualTo("{\"label\":\"label 7\",\"predicted\":\"label 8\",\"samples\":1234}");
        assertThat(metrics.has("confusion_matrix")).isFalse();
        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html)
                .contains("label 19999<", "label 19800<", "200 labels with the most samples of 20,000")
                .contains("label 7</th><td>label 8</td><td>1,234<")
                .doesNotContain("label 19799<");
        assertThat(html.length()).isLessThan(150_000);
        assertTablesScroll(html);
    }

    @Test
    void escapesTextOfTheRun() throws IOException {
        RunFolder folder = folder(EVIL);
        records(folder, 1);
        MetricsFile.put(folder, List.of(Scores.ofLabels("test", Map.of(EVIL, 1.0), List.of(EVIL), new long[][] {{1}})));
        Reports.write(folder);

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html).doesNotContain("<img");
        assertThat(count(html, "<script")).isEqualTo(3).isEqualTo(count(html, "</script>"));
    }

    @Test
    void showsALanguageModelsFiguresBesideTheBaseModels() throws IOException {
        RunFolder folder = folder("models/smollm2", "task=sft");
        records(folder, 111);
        Map<String, Double> base = new LinkedHashMap<>(Map.of("loss", 4.0));
        base.put("rougeL", 0.0);
        MetricsFile.put(
                folder,
                List.of(Scores.ofText(
                        "test",
                        Map.of("loss", 3.0, "rougeL", 0.25),
                        base,
                        List.of(new Scores.Answer("a\nprompt", EVIL, "the answer", "before")))));
        Reports.write(folder);

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html)
                .contains(
                        "<span>test loss</span><span>base 4.0000</span>",
                        "-25.0\u00a0%",
                        "<td>a\nprompt</td>",
                        "the answer",
                        "mean per token")
                .contains(Html.escape(EVIL))
                .doesNotContain("{{", "true \\ predicted", "Infinity", "<img");
        assertTablesScroll(html);
        assertThat(count(html, "<script")).isEqualTo(3).isEqualTo(count(html, "</script>"));

        // A classifier's scores replace all earlier scores.
        MetricsFile.put(folder, List.of(Scores.ofLabels("test", Map.of("loss", 1.0), List.of("a"), new long[][] {{1}
        })));
        Reports.write(folder);
        assertThat(Files.readString(dir.resolve("report.html"))).doesNotContain("the answer", "base 4.0000");
    }

    @Test
    void showsScoresOfEntitiesAsATable() throws IOException {
        RunFolder folder = folder("m");
        MetricsFile.put(
                folder,
                List.of(Scores.ofFigures(
                        "test",
                        Map.of("f1", 0.9, "f1_strict", 0.8),
                        Map.of(EVIL, new PrecisionRecall(0.75, 0.5, 0.6, 1234)))));
        Reports.write(folder);

        assertThat(Files.readString(dir.resolve("report.html")))
                .contains("<span>test f1</span>", "f1 strict 0.8000", "<td>0.750</td><td>0.500</td><td>0.600</td>")
                .contains("<td>1,234</td>", Html.escape(EVIL))
                .doesNotContain("<img", "No answers were generated", "true \\ predicted");
        assertThat(Files.readString(dir.resolve("metrics.json"))).contains("\"support\" : 1234");

        MetricsFile.put(folder, List.of(Scores.ofFigures("test", Map.of("pearson", 0.5), Map.of())));
        Reports.write(folder);
        assertThat(Files.readString(dir.resolve("report.html")))
                .contains("<span>test pearson</span>")
                .doesNotContain("1,234");
    }

    @Test
    void plotsTheReliabilityOfACalibratedClassifier() throws IOException {
        RunFolder folder = folder("m", "task=classification");
        Reliability before =
                new Reliability(List.of(new Reliability.Bin(1_000, 0.99, 0.8), new Reliability.Bin(24, 0.6, 0.25)));
        Reliability after = new Reliability(List.of(new Reliability.Bin(1_024, 0.79, 0.79)));
        Scores scores = new Scores(
                "test",
                Map.of("accuracy", 0.8, "ece", 0.2),
                Map.of(),
                new Scores.Confusion(List.of(), new long[0][], List.of()),
                Map.of(),
                List.of(),
                List.of(),
                List.of(before, after));
        MetricsFile.put(folder, List.of(scores));
        Reports.write(folder);

        assertThat(Files.readString(dir.resolve("report.html")))
                .contains("<svg class=\"reliability\"", "<title>1,000 rows: confidence 0.990, accuracy 0.800</title>")
                .contains("<polyline class=\"after\" points=\"249.4,66.6\"/>");
    }

    @Test
    void groupsExamplesOfPredictions() throws IOException {
        RunFolder folder = folder("m", "task=token-classification");
        Scores scores = new Scores(
                "test",
                Map.of("f1", 0.9),
                Map.of(),
                new Scores.Confusion(List.of(), new long[0][], List.of()),
                Map.of(),
                List.of(),
                List.of(
                        example(Scores.Group.RIGHT, List.of("a right text"), List.of("spam"), List.of("spam"), 0.75),
                        example(Scores.Group.RIGHT, List.of("A  f1 - f2", "a pair"), List.of("x"), List.of("x"), 0.5),
                        example(Scores.Group.WRONG, List.of(EVIL), List.of("spam"), List.of(), null),
                        example(
                                Scores.Group.WRONG,
                                List.of("Mr", "Ada", "Lovelace", "Paris"),
                                List.of("O", "B-PER", "I-PER", "B-LOC"),
                                List.of("O", "O", "O", "B-" + EVIL),
                                null)),
                List.of());
        MetricsFile.put(folder, List.of(scores));
        Reports.write(folder);

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html)
                .containsSubsequence("wrong, with the highest loss", "<small>none</small>", "right, the first")
                .contains("<td>A  f1 - f2\na pair</td><td>x</td>")
                .contains("<td>a right text</td><td>spam</td><td>spam <small>0.750</small></td>")
                .contains("Mr <mark>Ada Lovelace <small>PER</small></mark> <mark>Paris <small>LOC</small></mark>")
                .contains("Mr Ada Lovelace <mark>Paris <small>" + Html.escape(EVIL))
                .doesNotContain("least certain", "<img");
        assertTablesScroll(html);

        MetricsFile.put(folder, List.of(Scores.ofFigures("test", Map.of("f1", 0.5), Map.of())));
        Reports.write(folder);
        assertThat(Files.readString(dir.resolve("report.html"))).doesNotContain("a right text");
    }

    private static Scores.Example example(
            Scores.Group group, List<String> text, List<String> expected, List<String> predicted, Double score) {
        return new Scores.Example(group, text, expected, predicted, score);
    }

    @Test
    void showsForgettingBesideGains() throws IOException {
        RunFolder folder = folder("models/smollm2", "task=causal-lm");
        MetricsFile.put(
                folder,
                List.of(
                        Scores.ofText(
                                "test",
                                Map.of("loss", 2.0, "perplexity", 8.0),
                                Map.of("loss", 2.5, "perplexity", 16.0),
                                List.of()),
                        Scores.ofText("general", Map.of("perplexity", 22.0), Map.of("perplexity", 20.0), List.of())));
        Reports.write(folder);

        assertThat(dir.resolve("report.html"))
                .content()
                .contains(
                        "its own</th><td>16.00</td><td>8.00</td><td>-50.0\u00a0%",
                        "general</th><td>20.00</td><td>22.00</td><td>+10.0\u00a0%")
                // The model of this task generates no answers.
                .doesNotContain("No answers were generated");
        assertThat(Files.readString(dir.resolve("metrics.json")))
                .containsSubsequence("held_out", "general", "22.0", "20.0");

        MetricsFile.put(
                folder,
                List.of(
                        Scores.ofFigures("test", Map.of("pearson", 0.5), Map.of()),
                        Scores.ofFigures("clinic", Map.of("pearson", 0.25), Map.of())));
        Reports.write(folder);
        assertThat(dir.resolve("report.html"))
                .content()
                .contains("clinic</th><td>0.2500</td>")
                .doesNotContain("Forgetting", "general</th>");
    }

    @Test
    void writesAReportForARunWithoutRecords() throws IOException {
        RunFolder folder = folder("m");
        Reports.write(folder);

        assertThat(Files.readString(dir.resolve("report.html"))).contains("No evaluation yet");
    }

    @Test
    void thinsALongRunToMeans() {
        List<TrainingRecord> records = IntStream.rangeClosed(1, 100_001)
                .mapToObj(step -> record(step, 100_001, step == 1 ? Double.NaN : step % 2))
                .toList();

        Curves curves = Curves.of(records);

        assertThat(curves.recordsPerPoint()).isEqualTo(101);
        assertThat(curves.step()).hasSize(991).endsWith(100_001L);
        assertThat(curves.loss()).hasSize(991).allMatch(loss -> Math.abs(loss - 0.5) < 0.05);
    }

    private RunFolder folder(String model, String... settings) throws IOException {
        List<String> overrides =
                new ArrayList<>(List.of("output.dir=" + dir, "model='" + model.replace("'", "''") + "'"));
        overrides.addAll(List.of(settings));
        RunConfig run = RunConfigLoader.load(Path.of("../conf/recipes/news-minilm.yaml"), overrides);
        RunFolder folder = RunFolder.of(run, new Configuration());
        folder.write(RunFolder.RUN_YAML, RunConfigLoader.toYaml(run));
        return folder;
    }

    private static final Precision PRECISION = new Precision(PrecisionChoice.BF16, "set by precision");

    private static final List<RankTime> RANKS = List.of(
            new RankTime(0, "rank 0 (host-a:7077)", 0.511, 0.62), new RankTime(1, "rank 1 (host-b:7077)", 1.234, 1.9));

    private static void records(RunFolder folder, int steps) throws IOException {
        try (MetricsLog log = MetricsLog.open(folder, warning -> {})) {
            for (int step = 1; step <= steps; step++) {
                log.add(record(step, steps, 1.6 * Math.exp(-step / 30.0) + 0.1 * (1 + Math.sin(step * 7.3))));
                if (step % 25 == 0) {
                    log.add(TrainingRecord.evaluation(
                            step,
                            steps,
                            (double) step / steps,
                            Map.of("loss", 1.5 * Math.exp(-step / 30.0) + 0.12, "accuracy", 1 - 0.7 / step)));
                }
            }
        }
    }

    private static TrainingRecord record(int step, int steps, double loss) {
        double rate = 1e-4 * Math.min(step / 11.0, (steps - step) / (steps - 11.0));
        return new TrainingRecord(
                step,
                steps,
                (double) step / steps,
                loss,
                rate,
                3 + Math.cos(step),
                29.0,
                3300 + 300 * Math.sin(step),
                null,
                null,
                null);
    }

    /** A table that is wider than the page scrolls in its own box. */
    private static void assertTablesScroll(String html) {
        assertThat(count(html, "<table")).isPositive().isEqualTo(count(html, "<div class=\"scroll\"><table"));
    }

    private static String outsideScripts(String html) {
        return html.replaceAll("(?s)<script.*?</script>", "").replaceAll("(?s)<style.*?</style>", "");
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
