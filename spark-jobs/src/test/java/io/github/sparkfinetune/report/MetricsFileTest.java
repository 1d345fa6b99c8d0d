package io.github.sparkfinetune.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.calibration.Reliability;
import io.github.sparkfinetune.core.metric.PrecisionRecall;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.train.Precision;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.core.train.speed.RankTime;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.TrainingMetrics;
import io.github.sparkfinetune.spark.predict.Scores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsFileTest {
    private static final TrainingResult RESULT = new TrainingResult(
            3,
            24,
            900,
            1.5,
            16,
            600,
            2,
            Map.of("loss", 0.5),
            812_000_000,
            List.of(new RankTime(0, "rank 0 (a)", 0.25, 0.5), new RankTime(1, "rank 1 (b)", 0.125, 0.5)),
            new Precision(PrecisionChoice.BF16, "on a GPU"));

    @TempDir
    private Path dir;

    private RunFolder folder;

    @BeforeEach
    void writeRun() throws IOException {
        RunConfig run = RunConfigLoader.load(
                Path.of("../conf/recipes/news-minilm.yaml"), List.of("output.dir=" + dir, "data.dir=" + dir + "/data"));
        folder = RunFolder.of(run, new Configuration());
        folder.write(RunFolder.RUN_YAML, RunConfigLoader.toYaml(run));
    }

    @Test
    void writesTheGuaranteeOfAPrivateRun() throws IOException {
        PrivacySpent spent = new PrivacySpent(7.99, 8.9, 1e-5, 0.7, 1.0, null, 0.03);
        MetricsFile.put(folder, RESULT);
        assertThat(MetricsFile.read(folder).training().train().privacy()).isNull();

        MetricsFile.put(folder, Components.with(RESULT, "privacy", spent));
        assertThat(MetricsFile.read(folder).training().train().privacy()).isEqualTo(spent);
        assertThat(MetricsLog.JSON.writeValueAsString(
                        MetricsFile.content(folder).path("train")))
                .contains("\"steps\":3", "\"seconds\":1.5")
                .doesNotContain("samples", "tokens", "24", "900");
    }

    @Test
    void writesEachPartUnderItsKeys() throws IOException {
        MetricsFile.put(folder, RESULT);
        Map<String, Double> metrics = new LinkedHashMap<>(Map.of("loss", 1.0));
        metrics.put("roc_auc", Double.NaN);
        MetricsFile.put(
                folder,
                List.of(
                        new Scores(
                                "test",
                                metrics,
                                Map.of("loss", 2.0),
                                new Scores.Confusion(
                                        List.of("a"), new long[][] {{7}}, List.of(new Scores.Confused("a", "b", 4))),
                                Map.of("a", new PrecisionRecall(0.5, 0.25, 0.125, 8)),
                                List.of(new Scores.Answer("p", "r", "", "b")),
                                List.of(new Scores.Example(
                                        Scores.Group.WRONG, List.of("t"), List.of("x"), List.of(), 0.75)),
                                List.of(new Reliability(List.of(new Reliability.Bin(3, 0.5, 0.25))))),
                        Scores.ofText("general", Map.of("loss", 3.0), Map.of("loss", 4.0), List.of()),
                        Scores.ofFigures("clinic", Map.of("loss", 5.0), Map.of())));

        assertThat(MetricsLog.JSON.writeValueAsString(MetricsFile.content(folder)))
                .isEqualTo("{'train':{'steps':3,'samples':24,'tokens':900,'seconds':1.5,'samples_per_second':16.0,"
                        .concat("'tokens_per_second':600.0,'peak_rss_mb':812.0,'best_step':2,")
                        .concat("'precision':{'choice':'bf16','reason':'on a GPU'},")
                        .concat("'ranks':[{'name':'rank 0 (a)','step_seconds_p50':0.25,'step_seconds_p99':0.5},")
                        .concat("{'name':'rank 1 (b)','step_seconds_p50':0.125,'step_seconds_p99':0.5}]},")
                        .concat("'eval':{'loss':0.5},'test':{'loss':1.0,'roc_auc':'NaN'},")
                        .concat("'confusion_matrix':{'labels':['a'],'counts':[[7]]},")
                        .concat("'confusions':[{'label':'a','predicted':'b','samples':4}],")
                        .concat("'by_label':{'a':{'precision':0.5,'recall':0.25,'f1':0.125,'support':8}},")
                        .concat("'base':{'loss':2.0},")
                        .concat("'answers':[{'prompt':'p','reference':'r','generated':'','base':'b'}],")
                        .concat("'examples':[{'group':'WRONG','text':['t'],'expected':['x'],'predicted':[],")
                        .concat(
                                "'score':0.75}],'reliability':[{'bins':[{'count':3,'confidence':0.5,'accuracy':0.25}]}],")
                        .concat("'held_out':{'general':{'metrics':{'loss':3.0},'base':{'loss':4.0}},")
                        .concat("'clinic':{'metrics':{'loss':5.0}}}}")
                        .replace('\'', '"'));
    }

    @Test
    void replacesOnePartAndKeepsWhatIsOfNoPart() throws IOException {
        MetricsFile.put(folder, RESULT);
        MetricsFile.put(folder, List.of(Scores.ofLabels("test", Map.of("f1", 1.0), List.of("a"), new long[][] {{1}})));
        folder.write(
                RunFolder.METRICS,
                Files.readString(dir.resolve("metrics.json")).replaceFirst("\\{", "{\"of_another_version\": [1],"));

        MetricsFile.put(folder, List.of(Scores.ofFigures("test", Map.of("f1", 0.5), Map.of())));

        MetricsFile.Content metrics = MetricsFile.read(folder);
        assertThat(metrics.training()).isEqualTo(TrainingMetrics.of(RESULT));
        assertThat(metrics.evaluation().test()).isEqualTo(Map.of("f1", 0.5));
        assertThat(metrics.evaluation().confusionMatrix()).isNull();
        assertThat(MetricsFile.content(folder).has("of_another_version")).isTrue();
    }

    /** The file of version 0.1 has neither ranks nor precision, examples, scores by label or further sets. */
    @Test
    void reportsARunOfAnEarlierVersion() throws IOException {
        report("""
                {"train": {"steps": 111, "samples": 1776, "tokens": 200000, "seconds": 61.2, "samples_per_second": 29.0,
                  "tokens_per_second": 3300.0, "peak_rss_mb": 812.0, "best_step": 111},
                 "test": {"accuracy": 0.75, "loss": 0.5},
                 "confusion_matrix": {"labels": ["ham", "spam"], "counts": [[3, 1], [0, 4]]}}
                """);

        assertThat(dir.resolve("report.html"))
                .content()
                .contains(">0.7500<", "<b>111</b><span>steps</span>", ">ham<", "<td class=\"side\">0.750</td>")
                .doesNotContain("<h2>Ranks", "<h2>Predictions", "bf16", "–</td>");
    }

    @Test
    void aValueThatIsMissingIsADashAndASectionThatIsMissingIsLeftOut() throws IOException {
        report("""
                {"of_another_version": {"x": 1},
                 "train": {"steps": 7, "precision": {}, "unknown": [], "ranks": [{"name": "rank 0"}, null]},
                 "test": {"f1": null, "roc_auc": "NaN", "accuracy": 0.5},
                 "confusion_matrix": {"labels": ["ham", "spam"], "counts": [[3, 1]]},
                 "confusions": [{"predicted": "spam"}],
                 "by_label": {"ham": {"precision": 0.25}},
                 "examples": [{"group": "RIGHT", "text": ["a text"], "later": 1}, {"group": "OF_ANOTHER_VERSION"}],
                 "held_out": {"clinic": {}}}
                """);

        assertThat(dir.resolve("report.html"))
                .content()
                .contains(
                        "<b>7</b><span>steps</span>",
                        "rank 0</th><td>–</td><td>–</td>",
                        "–</th><td>spam</td><td>–</td>",
                        "ham</th><td>0.250</td><td>–</td><td>–</td><td>–</td>",
                        "clinic</th><td>–</td>",
                        "<td>a text</td><td><small>none</small></td>")
                .doesNotContain("true \\ predicted", "samples / s", "NaN", ">null<", "· </p>");
    }

    @Test
    void anIncompleteComparisonWithTheBaseModelHasDashes() throws IOException {
        report("""
                {"test": {"loss": 2.0, "perplexity": 8.0, "rougeL": 0.5},
                 "base": {"loss": "Infinity", "perplexity": 16.0},
                 "answers": [{"prompt": "a prompt"}],
                 "held_out": {"general": {"metrics": {"perplexity": 22.0}, "base": {"perplexity": 20.0}},
                              "code": {"base": {"perplexity": 5.0}}}}
                """);

        assertThat(dir.resolve("report.html"))
                .content()
                .contains(
                        "loss</th><td>2.0000</td><td>–</td><td>–</td>",
                        "rougeL</th><td>0.5000</td><td>–</td><td>–</td>",
                        "general</th><td>20.00</td><td>22.00</td><td>+10.0\u00a0%",
                        "code</th><td>5.00</td><td>–</td><td>–</td>")
                .doesNotContain("NaN", "Infinity");
    }

    @Test
    void saysWhyTheDataOfAnotherVersionIsNotShown() throws IOException {
        folder.write("data/manifest-1.json", "{\"schema_version\": 99}");
        report("{\"test\": {\"accuracy\": 0.5}}");

        assertThat(dir.resolve("report.html"))
                .content()
                .contains(">0.5000<", "<p class=\"note\">" + dir + "/data/manifest-1.json is not a manifest");
    }

    @Test
    void refusesAFileThatIsNoMetrics() {
        for (String text : List.of("[1]", "{", "{\"train\": 7}", "{\"test\": {\"f1\": \"high\"}}")) {
            assertThatThrownBy(() -> report(text))
                    .isInstanceOf(RunException.class)
                    .hasMessage(dir + "/metrics.json: is not the metrics of a run: remove the file");
        }
    }

    private void report(String metrics) throws IOException {
        folder.write(RunFolder.METRICS, metrics);
        Reports.write(folder);
    }
}
