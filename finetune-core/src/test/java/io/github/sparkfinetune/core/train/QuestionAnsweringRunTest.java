package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameMetrics;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.QuestionAnsweringMetrics;
import io.github.sparkfinetune.core.metric.SquadScore;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.TestRows;
import io.github.sparkfinetune.core.train.RunAssertions.Way;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs of question answering; some questions have no answer, and some have several windows. */
class QuestionAnsweringRunTest {
    @TempDir
    private Path folder;

    private TinyRun tiny(double dropout, String... settings) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "bert-qa", config -> {
            config.put("hidden_dropout_prob", dropout);
            config.put("attention_probs_dropout_prob", dropout);
            // The configuration of a classifier with three labels.
            config.putObject("id2label").put("0", "a").put("1", "b").put("2", "c");
            config.put("null_score_diff_threshold", 99);
        });
        List<String> all = new ArrayList<>(List.of("question_answering.version_2_with_negative=true"));
        all.addAll(Arrays.asList(settings));
        return new TinyRun(folder, base, "question-answering", all.toArray(String[]::new));
    }

    static Stream<Arguments> paddingAndWays() {
        return TestMatrix.of(
                TestMatrix.product(List.of(false, true), List.of(Way.TWO_RANKS, Way.THREE_RANKS, Way.ACCUMULATION)));
    }

    @ParameterizedTest
    @MethodSource("paddingAndWays")
    void trainsTheSameModelWithRanksAndMicroBatches(boolean padded, Way way) throws Exception {
        List<TinyRun.Outcome> outcomes = assertSame(tiny(0.1, "question_answering.pad_to_max_length=" + padded), way);
        assertSameMetrics(
                outcomes.get(0).result().eval(), outcomes.get(1).result().eval(), 1e-4);
    }

    @Test
    void findsAnswersAndReportsQuestionsWithoutAnswer() throws Exception {
        TinyRun tiny = tiny(0);
        RunConfig config = tiny.config(
                "out",
                "training.max_steps=150",
                "training.learning_rate=5.0e-3",
                "training.eval_steps=10",
                "training.metric_for_best_model=best_f1");
        TrainingResult result = tiny.run(config, 1, null).result();

        assertThat(result.eval())
                .containsKeys("loss", "exact_match", "f1", "HasAns_f1", "NoAns_f1", "best_exact", "best_f1");
        assertThat(result.eval().get("best_f1")).isGreaterThan(80);
        HfConfig model = HfConfig.read(TinyRun.exported(config));
        assertThat(model.architectures()).containsExactly("BertForQuestionAnswering");
        assertThat(model.labels()).isEmpty();
        assertThat(model.number(7, "null_score_diff_threshold"))
                .isCloseTo(result.eval().get("null_score_diff_threshold"), within(1e-3));
        Configuration hadoop = new Configuration();
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, hadoop);
        try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, Manifest.EVAL, hadoop);
                Predictor predictor = Predictor.trained(config, hadoop, folder.resolve("copy"), -1, 1)) {
            List<Map<String, Object>> rows = new ArrayList<>();
            for (int part = 0; part < 3; part++) {
                rows.addAll(TestRows.named(predictor.evaluate(samples, List.of(), part, 3)));
            }
            List<Map<String, Object>> whole = TestRows.named(predictor.evaluate(samples, List.of(), 0, 1));
            // The rows use the threshold that the evaluation chose.
            QuestionAnsweringMetrics metrics = new QuestionAnsweringMetrics(0);
            long windows = 0;
            for (int i = 0; i < rows.size(); i++) {
                Map<String, Object> row = rows.get(i);
                Object predicted = row.get("prediction");
                @SuppressWarnings("unchecked")
                List<String> answers = (List<String>) row.get("answers");
                for (String column : List.of("index", "id", "question", "answers", "prediction")) {
                    assertThat(row.get(column)).isEqualTo(whole.get(i).get(column));
                }
                SquadScore score = SquadScore.of(predicted == null ? "" : (String) predicted, answers);
                assertThat(row).containsEntry("exact_match", score.exact()).containsEntry("f1", score.f1());
                metrics.add(score);
                int ofRow = (Integer) row.get("windows");
                metrics.addWindows((Double) row.get("loss") * ofRow, ofRow);
                windows += ofRow;
            }
            assertThat(windows).isEqualTo(samples.size()).isGreaterThan(rows.size());
            assertThat(metrics.values().get("f1")).isCloseTo(result.eval().get("best_f1"), within(1e-9));
            assertThat(metrics.values().get("loss")).isCloseTo(result.eval().get("loss"), within(1e-5));
            predict(predictor);
        }
    }

    /** Predicts questions that the model has not seen, and an unusable question. */
    private static void predict(Predictor predictor) {
        SplittableRandom random = new SplittableRandom(77);
        List<TaskInput> inputs = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            List<Sample> samples = TinyQuestions.samples(random, i);
            String context = TinyQuestions.row(samples).context();
            inputs.add(TaskInput.question("file", "which?", context, samples).at(i));
        }
        inputs.add(new TaskInput(40, "file", null, null, null, List.of(), "no_question"));
        List<Map<String, Object>> rows = TestRows.named(predictor.predict(inputs.iterator()));
        assertThat(rows).hasSize(41);
        int right = 0;
        for (int i = 0; i < 40; i++) {
            Map<String, Object> row = rows.get(i);
            List<String> answers = TinyQuestions.row(inputs.get(i).samples()).answers();
            assertThat(row).containsEntry("id", "q" + i);
            Object answer = row.get("answer");
            if (answer != null) {
                assertThat(((String) row.get("context"))
                                .substring((Integer) row.get("start"), (Integer) row.get("end")))
                        .isEqualTo(answer);
            }
            right += answer == null ? (answers.isEmpty() ? 1 : 0) : answers.contains(answer) ? 1 : 0;
        }
        assertThat(right).isGreaterThan(25);
        assertThat(rows.get(40).values())
                .containsExactly(40L, "file", null, null, null, null, null, null, null, null, "no_question");
    }
}
