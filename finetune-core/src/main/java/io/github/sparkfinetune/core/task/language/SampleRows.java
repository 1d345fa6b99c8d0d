package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.core.task.BlockwiseIterator;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Iterator;
import java.util.List;

/** One row per held-out sample, and answers to prompts. */
final class SampleRows implements TaskPredictor {
    /** Computation of rows. */
    interface Rows {
        /**
         * Returns one row per sample.
         *
         * @param batchSize number of samples computed at once
         */
        List<? extends Record> of(List<Sample> samples, int batchSize, TextTokenizer tokenizer);
    }

    private final PromptAnswers answers;
    private final int batchSize;
    private final Rows rows;

    SampleRows(PromptAnswers answers, int batchSize, Rows rows) {
        this.answers = answers;
        this.batchSize = batchSize;
        this.rows = rows;
    }

    @Override
    public Iterator<Record> evaluate(SampleSource split, List<String> labels, int part, int parts) {
        return new BlockwiseIterator<>(
                split.part(part, parts),
                PromptAnswers.BATCHES * batchSize,
                block -> List.copyOf(rows.of(block, batchSize, answers.tokenizer())));
    }

    @Override
    public Iterator<DecoderTask.Predicted> predict(Iterator<TaskInput> inputs) {
        return answers.predict(inputs);
    }

    @Override
    public void close() {
        answers.close();
    }
}
