package io.github.sparkfinetune.core.task;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.metric.ClassificationMetrics;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.metric.Softmax;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.PaddedBatch;
import io.github.sparkfinetune.core.objective.ClassificationLoss;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A classifier of texts.
 *
 * @param classes number of labels
 */
record SequenceClassifier(NDManager manager, Encoder model, ClassificationLoss objective, int classes)
        implements TaskModel<PaddedBatch> {
    /** Rows computed at once: enough to put samples of like length together. */
    private static final int BLOCK = 512;

    @Override
    public Scorer scorer() {
        ClassificationMetrics metrics = new ClassificationMetrics(classes);
        return new Scorer() {
            @Override
            public void add(List<Sample> samples, int batchSize) {
                float[][] logits = Inference.logits(manager, model, samples, batchSize);
                for (int i = 0; i < logits.length; i++) {
                    metrics.add(samples.get(i).label(), logits[i]);
                }
            }

            @Override
            public Metrics metrics() {
                return metrics;
            }
        };
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(settings);
    }

    private final class Rows implements TaskPredictor {
        private final PredictionSettings settings;
        private final List<String> modelLabels;

        Rows(PredictionSettings settings) {
            this.settings = settings;
            this.modelLabels = settings.model().labels();
        }

        @Override
        public Iterator<Object[]> evaluate(SampleSource split, List<String> labels, int part, int parts) {
            if (!labels.equals(modelLabels)) {
                throw RunException.data(
                        "the model in " + settings.config().output().model() + " knows the labels " + modelLabels
                                + ", the dataset has " + labels + ": use the dataset that the model was trained on");
            }
            Iterator<Sample> mine = LongStream.range(split.partStart(part, parts), split.partStart(part + 1, parts))
                    .mapToObj(split::read)
                    .iterator();
            return new BlockwiseIterator<>(mine, BLOCK, this::evaluate);
        }

        private List<Object[]> evaluate(List<Sample> block) {
            float[][] logits = logits(block);
            List<Object[]> rows = new ArrayList<>();
            for (int i = 0; i < logits.length; i++) {
                Sample sample = block.get(i);
                rows.add(new Object[] {
                    sample.index(),
                    modelLabels.get(sample.label()),
                    modelLabels.get(Softmax.argmax(logits[i])),
                    Softmax.probabilities(logits[i]),
                    Softmax.crossEntropy(logits[i], sample.label())
                });
            }
            return rows;
        }

        @Override
        public Iterator<Object[]> predict(Iterator<TaskInput> inputs) {
            return new BlockwiseIterator<>(inputs, BLOCK, this::predict);
        }

        private List<Object[]> predict(List<TaskInput> block) {
            float[][] logits = logits(block.stream()
                    .filter(input -> input.error() == null)
                    .map(TaskInput::sample)
                    .toList());
            List<Object[]> rows = new ArrayList<>();
            int predicted = 0;
            for (TaskInput input : block) {
                rows.add(row(input, input.error() == null ? logits[predicted++] : null));
            }
            return rows;
        }

        private Object[] row(TaskInput input, float[] logits) {
            if (logits == null) {
                return new Object[] {
                    input.index(), input.file(), input.text(), input.textPair(), null, null, null, input.error()
                };
            }
            double[] probabilities = Softmax.probabilities(logits);
            int best = Softmax.argmax(logits);
            return new Object[] {
                input.index(),
                input.file(),
                input.text(),
                input.textPair(),
                modelLabels.get(best),
                probabilities[best],
                probabilities,
                null
            };
        }

        private float[][] logits(List<Sample> samples) {
            return Inference.logits(manager, model, samples, settings.batchSize());
        }

        @Override
        public void close() {}
    }
}
