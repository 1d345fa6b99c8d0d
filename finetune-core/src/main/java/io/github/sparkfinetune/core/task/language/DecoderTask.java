package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.DecoderKind;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;

/**
 * Base of tasks whose model generates text.
 *
 * <p>Columns of a prediction: {@code index} (of the row in the source), {@code file}, {@code prompt} (as the model
 * reads it), {@code reference} (answer in the row, if any), {@code generated}, {@code error} (if present,
 * {@code generated} is null).
 */
abstract class DecoderTask implements TaskSpec {
    static final DecoderKind KIND = new DecoderKind(HeadKind.CAUSAL_LM);

    @Override
    public DecoderKind modelKind() {
        return KIND;
    }

    @Override
    public long objectiveBytes(HfConfig model, long tokens, boolean onGpu) {
        return VocabularyLoss.bytes(tokens, model.vocabSize(), isCapped(model), onGpu);
    }

    static boolean isCapped(HfConfig model) {
        return Architectures.decoder(model).factors().logitCap() > 0;
    }

    record Predicted(
            long index,
            @Nullable String file,
            @Nullable String prompt,
            @Nullable String reference,
            @Nullable String generated,
            @Nullable String error)
            implements PredictedRow {}

    @Override
    public RowType<Predicted> predictionRows() {
        return RowType.of(Predicted.class);
    }

    @Override
    public String predictionColumn() {
        return "generated";
    }

    @Override
    public HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype) {
        return model.asLanguageModel(className, dtype);
    }

    @Override
    public ModelCard.Usage usage() {
        return new ModelCard.Usage("text-generation", "model(\"some text\")");
    }
}
