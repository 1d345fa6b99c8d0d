package io.github.sparkfinetune.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.metric.PrecisionRecall;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
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
    void aRunBecomesOneFileThatLoadsNothing() throws IOException {
        RunFolder folder = folder("models/minilm");
        records(folder, 111);
        MetricsFile.put(folder, new TrainingResult(111, 1776, 200_000, 61, 29, 3300, 111, Map.of(), 812_000_000));
        MetricsFile.put(
                folder,
                Scores.ofLabels(
                        "test",
                        Map.of("accuracy", 0.97, "f1_macro", 0.9688, "loss", 0.12, "mcc", 0.9612),
                        List.of("business", "entertainment", "politics", "sport", "tech"),
                        new long[][] {
                            {98, 0, 3, 0, 1}, {0, 75, 1, 0, 1}, {2, 0, 81, 0, 0}, {0, 0, 0, 102, 0}, {1, 2, 0, 0, 77}
                        }));
        folder.writeReport();

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html)
                .contains(
                        "default-src 'none'",
                        "models/minilm",
                        ">0.9700<",
                        "mcc 0.9612",
                        "entertainment",
                        "learning_rate: 1.0E-4")
                .doesNotContain("{{");
        assertThat(Pattern.compile("(src|href)\\s*=")
                        .matcher(outsideScripts(html))
                        .find())
                .isFalse();
        assertThat(count(html, "<script")).isEqualTo(3).isEqualTo(count(html, "</script>"));
        assertThat(html.length()).isLessThan(120_000);
    }

    @Test
    void theDatasetsFunnelAndItsWarningsAreShown() throws IOException {
        Path dataset = dir.resolve("dataset");
        RunFolder folder = folder("models/minilm", "data.dir=" + dataset);
        records(folder, 1);
        folder.writeReport();
        assertThat(dir.resolve("report.html")).content().contains("The prepared dataset is not where it was");

        Manifest.Split train = new Manifest.Split(1200, 24_000, 7, List.of(1000L, 200L), List.of(), null);
        new Manifest(
                        Manifest.SCHEMA_VERSION,
                        RunConfig.Task.CLASSIFICATION,
                        List.of("a", "b"),
                        64,
                        Map.of(Manifest.TRAIN, train),
                        Map.of("empty_text", 3L),
                        0,
                        0,
                        30,
                        0,
                        List.of(),
                        null)
                .with(List.of(new Warning("label_imbalance", "the label a has " + EVIL)))
                .write(new org.apache.hadoop.fs.Path(dataset.toString()), new Configuration());
        folder.writeReport();

        assertThat(dir.resolve("report.html"))
                .content()
                .contains(
                        "rows of the sources</th><td>1,233<",
                        "left out: empty text</th><td>3<",
                        "left out: duplicates</th><td>30<",
                        "24,000 tokens, 20 a sample; 7 texts truncated",
                        "<p class=\"warning\">the label a has &lt;/script")
                .doesNotContain("<img");
    }

    @Test
    void textOfTheRunStaysText() throws IOException {
        RunFolder folder = folder(EVIL);
        records(folder, 1);
        MetricsFile.put(folder, Scores.ofLabels("test", Map.of(EVIL, 1.0), List.of(EVIL), new long[][] {{1}}));
        folder.writeReport();

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html).doesNotContain("<img");
        assertThat(count(html, "<script")).isEqualTo(3).isEqualTo(count(html, "</script>"));
    }

    @Test
    void aLanguageModelsFiguresStandBesideItsBases() throws IOException {
        RunFolder folder = folder("models/smollm2", "task=sft");
        records(folder, 111);
        Map<String, Double> base = new LinkedHashMap<>(Map.of("loss", 4.0));
        base.put("rougeL", 0.0);
        MetricsFile.put(
                folder,
                Scores.ofText(
                        "test",
                        Map.of("loss", 3.0, "rougeL", 0.25),
                        base,
                        List.of(new Scores.Answer("a\nprompt", EVIL, "the answer", "before"))));
        folder.writeReport();

        String html = Files.readString(dir.resolve("report.html"));
        assertThat(html)
                .contains(
                        "<span>test loss</span><span>base 4.0000</span>",
                        "-25.0 %",
                        "<td>a\nprompt</td>",
                        "the answer",
                        "mean per token")
                .contains(Html.escape(EVIL))
                .doesNotContain("{{", "true \\ predicted", "Infinity", "<img");
        assertThat(count(html, "<script")).isEqualTo(3).isEqualTo(count(html, "</script>"));

        // A classifier's figures take the place of all of them.
        MetricsFile.put(folder, Scores.ofLabels("test", Map.of("loss", 1.0), List.of("a"), new long[][] {{1}}));
        folder.writeReport();
        assertThat(Files.readString(dir.resolve("report.html"))).doesNotContain("the answer", "base 4.0000");
    }

    @Test
    void scoresOfEntitiesAreATable() throws IOException {
        RunFolder folder = folder("m");
        MetricsFile.put(
                folder,
                Scores.ofFigures(
                        "test",
                        Map.of("f1", 0.9, "f1_strict", 0.8),
                        Map.of(EVIL, new PrecisionRecall(0.75, 0.5, 0.6, 1234))));
        folder.writeReport();

        assertThat(Files.readString(dir.resolve("report.html")))
                .contains("<span>test f1</span>", "f1 strict 0.8000", "<td>0.750</td><td>0.500</td><td>0.600</td>")
                .contains("<td>1,234</td>", Html.escape(EVIL))
                .doesNotContain("<img", "No answers were generated", "true \\ predicted");
        assertThat(Files.readString(dir.resolve("metrics.json"))).contains("\"support\" : 1234");

        MetricsFile.put(folder, Scores.ofFigures("test", Map.of("pearson", 0.5), Map.of()));
        folder.writeReport();
        assertThat(Files.readString(dir.resolve("report.html")))
                .contains("<span>test pearson</span>")
                .doesNotContain("1,234");
    }

    @Test
    void aRunWithoutRecordsHasAReport() throws IOException {
        RunFolder folder = folder("m");
        folder.writeReport();

        assertThat(Files.readString(dir.resolve("report.html"))).contains("No evaluation yet");
    }

    @Test
    void aVeryLongRunIsThinnedToMeans() {
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

    private static void records(RunFolder folder, int steps) throws IOException {
        try (MetricsLog log = MetricsLog.open(folder)) {
            for (int step = 1; step <= steps; step++) {
                log.add(record(step, steps, 1.6 * Math.exp(-step / 30.0) + 0.1 * (1 + Math.sin(step * 7.3))));
                if (step % 25 == 0) {
                    log.add(new TrainingRecord(
                            step,
                            steps,
                            (double) step / steps,
                            null,
                            null,
                            null,
                            null,
                            null,
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
                null);
    }

    private static String outsideScripts(String html) {
        return html.replaceAll("(?s)<script.*?</script>", "").replaceAll("(?s)<style.*?</style>", "");
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
