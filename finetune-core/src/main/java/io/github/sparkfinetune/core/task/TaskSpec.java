package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hub.HubName;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * What a task is for the engine: the model that it trains, what it minimises, how it is measured, what it predicts and
 * how the result is called. A task is a class of this interface and a line of {@code TaskSpecs}; how raw text becomes
 * its samples is its {@link io.github.sparkfinetune.data.task.TaskData}. Implementations are immutable; they are made
 * for a run's configuration.
 *
 * <p>Rows are arrays of values in the order of their columns, null where there is none.
 */
public interface TaskSpec {
    /** The kind of model that is trained. */
    ModelKind<?> modelKind();

    /**
     * Loads a model with what is minimised over it.
     *
     * @param labels that the model predicts
     * @param adaptation what is trained, and how the rest is stored
     * @param seed of new weights
     */
    TaskModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed);

    /**
     * Labels of a trained model.
     *
     * @throws RunException if it was trained for something else
     */
    default Labels labels(HfConfig trained) {
        return Labels.none();
    }

    /**
     * Bytes that the objective takes beside the model's output, with a head that only computes what it tells.
     *
     * @param tokens of a micro-batch
     */
    default long objectiveBytes(HfConfig model, long tokens) {
        return 0;
    }

    /**
     * Tokens of the longest sample.
     *
     * @param maxLength {@code data.max_length}
     */
    default int longestSample(int maxLength) {
        return maxLength;
    }

    /**
     * Tokens that a batch is padded to.
     *
     * @param longest tokens of its longest sample
     */
    default int paddedLength(int longest) {
        return longest;
    }

    /** PEFT's name of the task, {@code task_type} of adapter_config.json, or null where it has none. */
    String peftTaskType();

    /**
     * What a method does to a run's model.
     *
     * @param method the run's own, or another
     * @param source the model's weights
     * @param adapter the one that {@code method.adapter} names, or empty
     * @param threads of this rank
     * @throws RunException where method and model do not fit each other
     */
    default Adaptation adaptation(
            RunConfig config,
            MethodConfig method,
            HfConfig model,
            TensorSource source,
            Optional<PeftAdapter> adapter,
            int threads) {
        String base = config.model();
        // As PEFT can load it: a model's name on the Hub, or a path of this machine without its scheme.
        String name = HubName.ofSnapshot(base)
                .map(HubName::repository)
                .orElseGet(() -> base.startsWith("file:")
                        ? Path.getPathWithoutSchemeAndAuthority(new Path(base)).toString()
                        : base);
        return Adaptation.of(method, model, modelKind().head(), source, peftTaskType(), name, adapter, threads)
                .withBf16(config.precision() == RunConfig.PrecisionChoice.BF16);
    }

    /** What is measured; an evaluation may leave some of it out. */
    List<Metric> metrics();

    /** What is measured while training too. */
    default List<Metric> trainingMetrics() {
        return metrics();
    }

    /**
     * The metric of a name, to find the best model by.
     *
     * @throws RunException if it is not measured while training
     */
    default Metric metric(String name) {
        return trainingMetrics().stream()
                .filter(metric -> metric.name().equals(name))
                .findFirst()
                .orElseThrow(() -> RunException.config("training.metric_for_best_model: " + name
                        + " is not measured while training, there are "
                        + trainingMetrics().stream().map(Metric::name).toList()));
    }

    /**
     * The metric by which the best model is usually chosen.
     *
     * @param rowsPerLabel of the training rows, by the labels' names; empty for a task without
     */
    default String usualMetric(Map<String, Long> rowsPerLabel) {
        return "loss";
    }

    /** The highest learning rate that is usual when all weights are trained, see {@link ModelKind}. */
    default double highestUsualLearningRate() {
        return modelKind().highestUsualLearningRate();
    }

    /** The learning rate that all weights are usually trained with, see {@link ModelKind}. */
    default double usualLearningRate() {
        return modelKind().usualLearningRate();
    }

    /** What the loss is a mean over: sample, token, word or pair. */
    String lossUnit();

    /** Columns of what is predicted of held-out samples. */
    List<Column> evaluationColumns();

    /** Names of the evaluation's columns by which rows are told apart and ordered. */
    default List<String> keyColumns() {
        return List.of("index");
    }

    /** Names of the evaluation's columns that the metrics are computed from. */
    List<String> metricColumns();

    /**
     * Counts rows.
     *
     * @param rows of {@link #metricColumns} alone
     * @param labels names of the dataset's labels by id
     */
    Metrics metrics(Iterator<Object[]> rows, List<String> labels);

    /**
     * Whether samples are measured against what the model said of them before its training,
     * {@link TaskModel#reference}, which then are their targets.
     */
    default boolean readsReference() {
        return false;
    }

    /** Whether the base model is measured beside the trained one. */
    default boolean measuresBase() {
        return false;
    }

    /**
     * Names of the evaluation's columns with a prompt, the answer that the data has and the one that was generated;
     * empty for a task that generates none.
     */
    default List<String> answerColumns() {
        return List.of();
    }

    /** What the report shows of an evaluation; empty for a task of whose rows none is right or wrong. */
    default Optional<ExampleColumns> exampleColumns() {
        return Optional.empty();
    }

    /** Columns of what is predicted of raw rows. */
    List<Column> predictionColumns();

    /**
     * The configuration that a trained model is saved with.
     *
     * @param model the base model's, with the vocabulary that it was loaded with
     * @param className of the trained model, see {@link io.github.sparkfinetune.core.model.Model#className}
     * @param labels names of the dataset's labels by id
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype);

    /**
     * The same configuration with what the evaluation of the trained model tells.
     *
     * @param saved of {@link #savedConfig}
     * @param eval metrics on the evaluation split by name; empty where there is none
     */
    default HfConfig tunedConfig(HfConfig saved, Map<String, Double> eval) {
        return saved;
    }

    /** How the result is used, for its model card. */
    ModelCard.Usage usage();
}
