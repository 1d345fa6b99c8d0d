package io.github.sparkfinetune.core.task.classification;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.ClassificationConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.task.AnyModelKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.classification.GivenText;
import java.util.List;
import java.util.Optional;

/**
 * Prediction of a head over a text's first token, of a language model over its last token
 * ({@code ForSequenceClassification}): one label, several labels, or a number, as set by
 * {@code classification.problem_type}.
 *
 * <p>Columns of an evaluation: {@code index} (in the split), {@code text} and {@code text_pair}, and the columns of the
 * problem. Both texts are those of the data; very long texts are cut. In a dataset of an earlier version, {@code text}
 * is decoded from the tokens of both texts. The loss in columns and metrics is not weighted by
 * {@code classification.class_weight}. Columns of a prediction: {@code index} (of the row in the source), {@code file},
 * {@code text}, {@code text_pair}, the columns of the problem, {@code error} (reason for an unusable row; then the
 * columns of the problem are null).
 */
public abstract class ClassificationTask implements TaskSpec {
    private static final AnyModelKind KIND = new AnyModelKind(HeadKind.SEQUENCE_CLASSIFICATION);

    /** Returns the task of a run. */
    public static ClassificationTask of(RunConfig config) {
        ClassificationConfig classification = config.classification();
        Optional<ClassWeight> classWeight = Optional.ofNullable(classification.classWeight());
        return switch (classification.problemType()) {
            case SINGLE_LABEL_CLASSIFICATION -> new SingleLabelTask(classWeight, config.teacher(), config.predict());
            case MULTI_LABEL_CLASSIFICATION -> new MultiLabelTask(classWeight);
            case REGRESSION -> new RegressionTask();
        };
    }

    /** Returns {@code problem_type} of the saved configuration. */
    abstract String problemType();

    /**
     * Creates the loss.
     *
     * @param manager owner of the loss's script
     */
    abstract Objective objective(NDManager manager, Labels labels);

    /** Creates a scorer without samples. */
    abstract SampleScorer scorer(List<String> labels);

    /**
     * Returns the row of a held-out sample.
     *
     * @param texts texts of the sample
     */
    abstract Record evaluated(Sample sample, GivenText texts, float[] logits, List<String> labels);

    /**
     * Returns the prediction of a usable input.
     *
     * @param calibration calibration of the model, present if {@link #isCalibrated}
     */
    abstract PredictedRow predicted(
            TaskInput input, float[] logits, List<String> labels, Optional<Calibration> calibration);

    /** Returns whether predictions need a calibrated model. */
    boolean isCalibrated() {
        return false;
    }

    @Override
    public AnyModelKind modelKind() {
        return KIND;
    }

    @Override
    public SequenceClassifier load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        return new SequenceClassifier(
                base.manager(),
                KIND.load(base, labels.size(), adaptation, seed),
                objective(base.manager(), labels),
                this,
                labels.names());
    }

    @Override
    public Labels labels(HfConfig trained) {
        trained.text("problem_type")
                .filter(other -> !other.equals(problemType()))
                .ifPresent(other -> {
                    throw RunException.config(
                            "classification.problem_type: " + trained.source() + " describes a model for " + other
                                    + ", this run has " + problemType() + ": set it to " + other);
                });
        return Labels.of(trained);
    }

    @Override
    public String lossUnit() {
        return "sample";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asSequenceClassifier(className, labels, problemType(), dtype);
    }

    @Override
    public final String predictionColumn() {
        return "prediction";
    }
}
