package io.github.sparkfinetune.core.task.language;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.metric.LanguageModelMetrics;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.DistillationLoss;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Optional;

/**
 * Base of tasks that train a language model. The tasks differ in their samples.
 *
 * <p>Columns of an evaluation, one row per document: {@code index} (of the sample in the split), {@code document}
 * (index in the sample), {@code prompt} (with special tokens), {@code reference} (answer in the data),
 * {@code generated} (answer of the model, for the first {@code generation.eval_samples} prompts), {@code loss} (mean
 * cross-entropy of the tokens with a label), {@code tokens} (number of these tokens), {@code rouge1}, {@code rouge2},
 * {@code rougeL} (F-measures of stemmed words, as in the summarization example of {@code transformers}). Missing values
 * are null.
 */
abstract class LanguageModelTask extends DecoderTask {
    private final TeacherConfig teacher;

    LanguageModelTask(TeacherConfig teacher) {
        this.teacher = teacher;
    }

    @Override
    public LanguageModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed) {
        Decoder model = KIND.load(base, labels.size(), adaptation, seed);
        return new LanguageModel(
                base.manager(),
                model,
                VocabularyLoss.ofNextToken(base.manager(), model),
                teacher.teaches()
                        ? Optional.of(new DistillationLoss(base.manager(), model, teacher))
                        : Optional.empty());
    }

    @Override
    public boolean learnsTokens() {
        return true;
    }

    @Override
    public long objectiveBytes(HfConfig model, long tokens, boolean onGpu) {
        return teacher.teaches()
                ? DistillationLoss.bytes(tokens, model.vocabSize(), isCapped(model), onGpu)
                : super.objectiveBytes(model, tokens, onGpu);
    }

    @Override
    public List<Metric> metrics() {
        return LanguageModelMetrics.all();
    }

    @Override
    public List<Metric> trainingMetrics() {
        return LanguageModelMetrics.ofTokens();
    }

    @Override
    public String lossUnit() {
        return "token";
    }

    record Evaluated(
            long index,
            int document,
            @Nullable String prompt,
            @Nullable String reference,
            @Nullable String generated,
            Double loss,
            long tokens,
            Double rouge1,
            Double rouge2,
            @JsonProperty("rougeL") Double rougeL) {}

    private record Measured(
            Double loss,
            long tokens,
            Double rouge1,
            Double rouge2,
            @JsonProperty("rougeL") Double rougeL) {}

    @Override
    public RowType<?> evaluationRows() {
        return RowType.of(Evaluated.class);
    }

    @Override
    public List<String> keyColumns() {
        return List.of("index", "document");
    }

    @Override
    public MeasuredRows<?> measuredRows(List<String> labels) {
        LanguageModelMetrics metrics = new LanguageModelMetrics();
        return new MeasuredRows<>(Measured.class, metrics, row -> {
            if (row.loss() != null) {
                metrics.addTokens(row.loss() * row.tokens(), row.tokens());
            }
            if (row.rouge1() != null) {
                metrics.addAnswer(row.rouge1(), row.rouge2(), row.rougeL());
            }
        });
    }

    @Override
    public boolean measuresBase() {
        return true;
    }
}
