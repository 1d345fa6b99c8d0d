package io.github.sparkfinetune.core.task.classification;

import static io.github.sparkfinetune.core.task.Column.nullable;
import static io.github.sparkfinetune.core.task.Column.required;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.ClassificationConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.EncoderKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a head over a text's first token predicts ({@code ForSequenceClassification}): one label, several, or a number,
 * as {@code classification.problem_type} says.
 *
 * <p>Columns of an evaluation: {@code index} (place in the split), {@code text} and {@code text_pair} (as they were
 * given, of very long ones the beginning; of a dataset of an earlier version {@code text} is decoded from the tokens of
 * both) and those of the problem; the loss in them and in the metrics is not weighted by
 * {@code classification.class_weight}. Columns of a prediction: {@code index} (place of the row in the source),
 * {@code file}, {@code text}, {@code text_pair}, those of the problem, {@code error} (why a row could not be used; then
 * those of the problem are null).
 */
public abstract class ClassificationTask implements TaskSpec {
    private static final EncoderKind KIND = new EncoderKind(HeadKind.SEQUENCE_CLASSIFICATION);

    /** The task of a run. */
    public static ClassificationTask of(RunConfig config) {
        ClassificationConfig classification = config.tasks().classification();
        Optional<ClassWeight> classWeight = Optional.ofNullable(classification.classWeight());
        return switch (classification.problemType()) {
            case SINGLE_LABEL_CLASSIFICATION -> new SingleLabelTask(classWeight);
            case MULTI_LABEL_CLASSIFICATION -> new MultiLabelTask(classWeight);
            case REGRESSION -> new RegressionTask();
        };
    }

    /** {@code problem_type} of the saved configuration. */
    abstract String problemType();

    /**
     * What is minimised.
     *
     * @param manager owner of what computes it
     */
    abstract Objective objective(NDManager manager, Labels labels);

    /** Metrics that nothing was counted in. */
    abstract SampleScorer scorer(List<String> labels);

    /** Columns of a held-out sample besides its index and text. */
    abstract List<Column> evaluated();

    /** Values of {@link #evaluated}. */
    abstract Object[] evaluated(Sample sample, float[] logits, List<String> labels);

    /** Columns of what is predicted of a text. */
    abstract List<Column> predicted();

    /** Values of {@link #predicted}. */
    abstract Object[] predicted(float[] logits, List<String> labels);

    @Override
    public EncoderKind modelKind() {
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
                    throw RunException.config("classification.problem_type: " + trained.source() + " is of a model for "
                            + other + ", this run has " + problemType() + ": set it to that");
                });
        return Labels.of(trained);
    }

    @Override
    public String peftTaskType() {
        return "SEQ_CLS";
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
