package io.github.sparkfinetune.core.task.language;

import static io.github.sparkfinetune.core.task.Column.nullable;
import static io.github.sparkfinetune.core.task.Column.required;

import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.metric.LanguageModelMetrics;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.objective.DistillationLoss;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Iterator;
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

    @Override
    public List<Column> evaluationColumns() {
        return List.of(
                required("index", Column.Type.LONG),
                required("document", Column.Type.INT),
                nullable("prompt", Column.Type.STRING),
                nullable("reference", Column.Type.STRING),
                nullable("generated", Column.Type.STRING),
                nullable("loss", Column.Type.DOUBLE),
                required("tokens", Column.Type.LONG),
                nullable("rouge1", Column.Type.DOUBLE),
                nullable("rouge2", Column.Type.DOUBLE),
                nullable("rougeL", Column.Type.DOUBLE));
    }

    @Override
    public List<String> keyColumns() {
        return List.of("index", "document");
    }

    @Override
    public List<String> metricColumns() {
        return List.of("loss", "tokens", "rouge1", "rouge2", "rougeL");
    }

    @Override
    public LanguageModelMetrics metrics(Iterator<Object[]> rows, List<String> labels) {
        LanguageModelMetrics metrics = new LanguageModelMetrics();
        rows.forEachRemaining(row -> {
            if (row[0] != null) {
                long tokens = (Long) row[1];
                metrics.addTokens((Double) row[0] * tokens, tokens);
            }
            if (row[2] != null) {
                metrics.addAnswer((Double) row[2], (Double) row[3], (Double) row[4]);
            }
        });
        return metrics;
    }

    @Override
    public boolean measuresBase() {
        return true;
    }
}
