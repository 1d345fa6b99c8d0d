package io.github.sparkfinetune.core.task.classification;

import static io.github.sparkfinetune.core.task.Column.nullable;
import static io.github.sparkfinetune.core.task.Column.required;

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
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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

    /** Returns the columns of a held-out sample, except index and text. */
    abstract List<Column> evaluated();

    /** Returns the values of {@link #evaluated()}. */
    abstract Object[] evaluated(Sample sample, float[] logits, List<String> labels);

    /** Returns the columns of a text's prediction. */
    abstract List<Column> predicted();

    /**
     * Returns the values of {@link #predicted()}.
     *
     * @param calibration calibration of the model, present if {@link #isCalibrated}
     */
    abstract Object[] predicted(float[] logits, List<String> labels, Optional<Calibration> calibration);

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
    public List<Column> evaluationColumns() {
        return Stream.concat(
                        Stream.of(
                                required("index", Column.Type.LONG),
                                required("text", Column.Type.STRING),
                                nullable("text_pair", Column.Type.STRING)),
                        evaluated().stream())
                .toList();
    }

    @Override
    public List<Column> predictionColumns() {
        Stream<Column> text = Stream.of(
                required("index", Column.Type.LONG),
                nullable("file", Column.Type.STRING),
                nullable("text", Column.Type.STRING),
                nullable("text_pair", Column.Type.STRING));
        Stream<Column> error = Stream.of(nullable("error", Column.Type.STRING));
        return Stream.of(text, predicted().stream(), error)
                .flatMap(some -> some)
                .toList();
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asSequenceClassifier(className, labels, problemType(), dtype);
    }
}
