package io.github.sparkfinetune.core.task.classification;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.task.BlockwisePredictor;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.Scorer;
import io.github.sparkfinetune.core.task.SharedOutputs;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.classification.GivenText;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A classifier of texts.
 *
 * @param task task that interprets the logits
 * @param labels names of the labels by id
 */
record SequenceClassifier(
        NDManager manager, Model model, Objective objective, ClassificationTask task, List<String> labels)
        implements TaskModel {
    /**
     * Number of rows of a block: enough that samples of similar length share a batch, and that equal texts are found. A
     * block is some seconds of work.
     */
    private static final int BLOCK = 4096;

    @Override
    public Scorer scorer() {
        SampleScorer scorer = task.scorer(labels);
        return Scorer.of(scorer.metrics(), (samples, batchSize) -> {
            float[][] logits = Inference.logits(manager, model, samples, batchSize);
            for (int i = 0; i < logits.length; i++) {
                scorer.count().accept(samples.get(i), logits[i]);
            }
        });
    }

    /** Returns the logits of each sample, in the order of the trained model's labels. */
    @Override
    public List<double[]> teach(List<Sample> samples, int batchSize, SharedOutputs shared) {
        int[] own = shared.labels().stream().mapToInt(labels::indexOf).toArray();
        if (own.length != labels.size() || Arrays.stream(own).anyMatch(id -> id < 0)) {
            throw new IllegalArgumentException("the teacher's labels are " + labels + ", not " + shared.labels());
        }
        return Arrays.stream(Inference.logits(manager, model, samples, batchSize))
                .map(logits -> Arrays.stream(own).mapToDouble(id -> logits[id]).toArray())
                .toList();
    }

    @Override
    public TaskPredictor predictor(PredictionSettings settings) {
        return new Rows(settings);
    }

    private final class Rows extends BlockwisePredictor<Record> {
        private final PredictionSettings settings;
        /** Opened for an evaluation, which decodes the texts of older datasets; null before. */
        private TextTokenizer tokenizer;
        /** Read for the first prediction; null before. */
        private Optional<Calibration> calibration;

        Rows(PredictionSettings settings) {
            super(BLOCK);
            this.settings = settings;
        }

        @Override
        public Iterator<Record> evaluate(SampleSource split, List<String> datasetLabels, int part, int parts) {
            settings.requireLabels(datasetLabels);
            if (tokenizer == null) {
                tokenizer = TextTokenizer.open(settings.tokenizer());
            }
            return super.evaluate(split, datasetLabels, part, parts);
        }

        @Override
        protected List<Record> evaluate(List<Sample> block) {
            float[][] logits = Inference.logits(manager, model, block, settings.batchSize());
            return IntStream.range(0, logits.length)
                    .mapToObj(i -> task.evaluated(block.get(i), texts(block.get(i)), logits[i], labels))
                    .toList();
        }

        /** Returns both texts; for a dataset without texts, one text decoded from the tokens. */
        private GivenText texts(Sample sample) {
            return sample.window().row().isEmpty()
                    ? new GivenText(tokenizer.decode(sample.inputIds()), null)
                    : GivenText.of(sample.window().row());
        }

        @Override
        public Iterator<PredictedRow> predict(Iterator<TaskInput> inputs) {
            if (calibration == null) {
                calibration = task.isCalibrated()
                        ? Optional.of(Calibration.read(
                                settings.folder(), settings.config().output().model()))
                        : Optional.empty();
            }
            return super.predict(inputs);
        }

        @Override
        protected List<PredictedRow> predict(List<TaskInput> block) {
            float[][] logits = Inference.logitsOfInputs(manager, model, block, settings.batchSize());
            return PredictedRow.of(
                    task.predictionRows(), block, i -> task.predicted(block.get(i), logits[i], labels, calibration));
        }

        @Override
        public void close() {
            if (tokenizer != null) {
                tokenizer.close();
            }
        }
    }
}
