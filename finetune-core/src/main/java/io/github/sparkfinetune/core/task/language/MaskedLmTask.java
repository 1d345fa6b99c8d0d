package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.metric.MaskedLanguageModelMetrics;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.EncoderKind;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Optional;

/**
 * Prediction of the masked tokens of a text ({@code ForMaskedLM}).
 *
 * <p>Columns of an evaluation, one row per sample: {@code index} (in the split), {@code tokens} (number of masked
 * tokens), {@code correct} (number of masked tokens whose label is the most probable token), {@code loss} (mean
 * cross-entropy of the masked tokens; null without masked tokens). Columns of a prediction: {@code index} (of the row
 * in the source), {@code file}, {@code text}, {@code predictions}, {@code error} (if present, {@code predictions} is
 * null). {@code predictions} has one row for each of the {@value #TOP_K} most probable tokens at each mask token of the
 * text, as from {@code pipeline} of {@code transformers}: {@code mask} (index among the text's mask tokens, from 0),
 * {@code score} (probability), {@code token} (id), {@code token_str}.
 *
 * @param mlmProbability share of masked tokens
 */
public record MaskedLmTask(double mlmProbability) implements TaskSpec {
    /** Number of predicted tokens for each mask token. */
    static final int TOP_K = 5;

    private static final EncoderKind KIND = new EncoderKind(HeadKind.MASKED_LM);

    public static MaskedLmTask of(RunConfig config) {
        return new MaskedLmTask(config.maskedLm().mlmProbability());
    }

    @Override
    public EncoderKind modelKind() {
        return KIND;
    }

    @Override
    public MaskedLanguageModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        Encoder model = KIND.load(base, labels.size(), adaptation, seed);
        return new MaskedLanguageModel(base.manager(), model, VocabularyLoss.ofMaskedTokens(base.manager(), model));
    }

    @Override
    public long objectiveBytes(HfConfig model, long tokens, boolean onGpu) {
        long masked = (long) Math.ceil(mlmProbability * tokens);
        ModelShape shape = Architectures.encoder(model).shape();
        // For each token: the head's input, the outputs of its dense layer, activation and norm, and the gradient.
        long head = masked * (shape.hidden() + 4L * shape.embedding()) * Float.BYTES;
        return VocabularyLoss.bytes(masked, model.vocabSize(), false, onGpu) + head;
    }

    /** Refuses an adapter with which the tied embeddings and a head of their own would both be trained. */
    @Override
    public Adaptation adaptation(
            RunConfig config,
            MethodConfig method,
            HfConfig model,
            TensorSource source,
            Optional<PeftAdapter> adapter,
            int threads) {
        Adaptation adaptation = TaskSpec.super.adaptation(config, method, model, source, adapter, threads);
        Architecture architecture = Architectures.of(model);
        boolean isUntied = architecture.isTied()
                && LmHead.of(architecture, HeadKind.MASKED_LM, adaptation)
                        .filter(lmHead -> lmHead.weights().containsKey(LmHead.WEIGHT))
                        .isPresent();
        if (isUntied) {
            throw RunException.config("method.modules_to_save: "
                    + adaptation.lora().orElseThrow().alsoTrained().modulesToSave()
                    + " would train two copies of the tied embeddings: leave it out, or set method.type to full");
        }
        return adaptation;
    }

    @Override
    public List<Metric> metrics() {
        return MaskedLanguageModelMetrics.all();
    }

    @Override
    public String lossUnit() {
        return "masked token";
    }

    record Evaluated(long index, long tokens, long correct, Double loss) {}

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String text,
            @Nullable List<Filled> predictions,
            @Nullable String error)
            implements PredictedRow {}

    /**
     * A token for a mask.
     *
     * @param mask index of the mask in the text
     * @param score probability of the token
     */
    record Filled(int mask, double score, int token, String tokenStr) {}

    private record Measured(Double loss, long tokens, long correct) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        MaskedLanguageModelMetrics metrics = new MaskedLanguageModelMetrics();
        return new MeasuredRows<>(Measured.class, metrics, row -> {
            if (row.loss() != null) {
                metrics.add(row.loss() * row.tokens(), row.tokens(), row.correct());
            }
        });
    }

    @Override
    public boolean measuresBase() {
        return true;
    }

    @Override
    public RowType<Predicted> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    public String predictionColumn() {
        return "predictions";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asLanguageModel(className, dtype);
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("fill-mask", "model(f\"some {model.tokenizer.mask_token}\")");
    }
}
