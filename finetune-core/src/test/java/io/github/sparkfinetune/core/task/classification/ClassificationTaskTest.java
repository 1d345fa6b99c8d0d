package io.github.sparkfinetune.core.task.classification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.TestRows;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.classification.GivenText;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Label weights of a classifier, and predictions from its logits. */
class ClassificationTaskTest {
    private static final List<String> NAMES = List.of("ham", "spam", "rare");
    private static final Optional<Calibration> NONE = Optional.empty();

    private static ClassificationTask task(String classification) {
        RunConfig config = RunConfigLoader.parse(
                "{model: m, task: classification, data: {train: t}, output: {dir: o}, classification: {"
                        + classification + "}}",
                "test.yaml",
                List.of());
        return ClassificationTask.of(config);
    }

    private static ClassificationTask withSets(String score) {
        return ClassificationTask.of(RunConfigLoader.parse(
                "{model: m, task: classification, data: {train: t}, output: {dir: o}}",
                "test.yaml",
                List.of("predict.coverage=0.8", "predict.conformity_score=" + score)));
    }

    private static Sample label(int label) {
        return new Sample(0, new int[1], new int[1], label);
    }

    /** Returns the weight that each label adds to the loss. */
    private static double[] weights(String classification, Labels labels) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            return Stream.of(0, 1, 2)
                    .mapToDouble(id -> task(classification)
                            .objective(manager, labels)
                            .weights(List.of(label(id)))
                            .term(0))
                    .toArray();
        }
    }

    @Test
    void weightsTheLossByLabel() {
        Labels labels = new Labels(NAMES, List.of(6L, 3L, 1L), 10);
        assertThat(weights("", labels)).containsExactly(1, 1, 1);
        assertThat(weights("class_weight: {spam: 2.5}", labels)).containsExactly(1, 2.5, 1);
        // compute_class_weight("balanced") of scikit-learn.
        assertThat(weights("class_weight: balanced", labels))
                .containsExactly(new double[] {10 / 18.0, 10 / 9.0, 10 / 3.0}, within(1e-12));
        Labels without = new Labels(NAMES, List.of(6L, 4L, 0L), 10);
        assertThat(weights("class_weight: balanced", without)).contains(1, org.assertj.core.data.Index.atIndex(2));
        // A model without training rows needs no weights.
        assertThat(weights("class_weight: balanced", new Labels(NAMES, List.of(), 0)))
                .containsExactly(1, 1, 1);
        assertThatThrownBy(() -> weights("class_weight: {spam: 2, hamm: 2}", labels))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("no training row has the label hamm, there are ham, spam, rare");
        assertThatThrownBy(() -> new Labels(NAMES, List.of(6L), 10)).hasMessageContaining("3 labels, rows of 1");
    }

    @Test
    void refusesAModelForAnotherProblemType() {
        HfConfig multi = HfConfig.read(GoldenFiles.root().resolve("models/bert-multilabel"));
        assertThat(task("problem_type: multi_label_classification")
                        .labels(multi)
                        .names())
                .containsExactly("class0", "class1", "class2", "class3");
        assertThatThrownBy(() -> task("problem_type: regression").labels(multi))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("classification.problem_type: ")
                .hasMessageContaining("describes a model for multi_label_classification, this run has regression");
        // Whoever wrote a model may have left out what it is for, and its labels' names.
        HfConfig plain = multi.with("problem_type", null).with("id2label", null);
        assertThat(task("").labels(plain).names()).containsExactly("LABEL_0", "LABEL_1");
    }

    private static final TaskInput INPUT = TaskInput.text("file", "text", null, label(0));

    @Test
    void predictsByProblemType() {
        float[] logits = {1, -2, 0.5f};
        assertThat(TestRows.named(task("").predicted(INPUT, logits, NAMES, NONE)))
                .containsEntry("prediction", "ham");
        ClassificationTask multi = task("problem_type: multi_label_classification");
        MultiLabelTask.Predicted several = (MultiLabelTask.Predicted) multi.predicted(INPUT, logits, NAMES, NONE);
        assertThat(several.prediction()).containsExactly("ham", "rare");
        assertThat(several.probabilities())
                .containsExactly(new double[] {0.731058578630, 0.119202922022, 0.622459331202}, within(1e-11));
        assertThat(TestRows.named(multi.predicted(INPUT, new float[] {-1, 0, -1}, NAMES, NONE)))
                .containsEntry("prediction", List.of());
        ClassificationTask regression = task("problem_type: regression");
        assertThat(TestRows.named(regression.predicted(INPUT, new float[] {-2.5f}, List.of("LABEL_0"), NONE)))
                .containsEntry("prediction", -2.5);
        assertThat(TestRows.named(regression.evaluated(
                        label(-1).withTargets(1),
                        new GivenText("text", null),
                        new float[] {-2.5f},
                        List.of("LABEL_0"))))
                .containsEntry("label", 1.0)
                .containsEntry("prediction", -2.5)
                .containsEntry("loss", 12.25);
    }

    @Test
    void predictsSetsOfCalibratedProbabilities() {
        // The fourth of four scores is the quantile of 0.8.
        Optional<Calibration> calibration = Optional.of(
                new Calibration(2, 4, new double[] {0.1, 0.2, 0.3, 0.62}, new double[] {0.1, 0.2, 0.3, 0.5}));
        float[] logits = {2, -4, 1.5f};
        double[] calibrated = {0.5469, 0.0272, 0.4259};

        SingleLabelTask.PredictedSet both =
                (SingleLabelTask.PredictedSet) withSets("lac").predicted(INPUT, logits, NAMES, calibration);
        SingleLabelTask.PredictedSet one =
                (SingleLabelTask.PredictedSet) withSets("aps").predicted(INPUT, logits, NAMES, calibration);

        assertThat(both.probabilities()).containsExactly(calibrated, within(2e-3));
        assertThat(both.predictionSet()).containsExactly("ham", "rare");
        assertThat(both.abstain()).isEqualTo(1);
        // The most probable label alone has a larger sum than the quantile.
        assertThat(one.predictionSet()).containsExactly("ham");
        assertThat(one.abstain()).isEqualTo(0);
        assertThat(one.score()).isEqualTo(one.probabilities()[0]);
    }
}
