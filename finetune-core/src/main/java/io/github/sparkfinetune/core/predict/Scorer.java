package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.metric.ClassificationTally;
import io.github.sparkfinetune.core.metric.Perplexity;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.CausalLmLoss;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Computes samples and counts what the metrics of a task are made of, so that counts of several ranks can be added. */
public interface Scorer {
    /** Computes samples. */
    void add(List<Sample> samples, int batchSize);

    /** The counts. */
    double[] numbers();

    /** Metrics of counts that were added up over the ranks. */
    Map<String, Double> metrics(double[] numbers);

    /** Accuracy, F1 and loss of a classifier. */
    static Scorer ofClasses(NDManager manager, Model model, int classes) {
        ClassificationTally tally = new ClassificationTally(classes);
        return new Scorer() {
            @Override
            public void add(List<Sample> samples, int batchSize) {
                float[][] logits = Inference.logits(manager, model, samples, batchSize);
                for (int i = 0; i < logits.length; i++) {
                    tally.add(samples.get(i).label(), logits[i]);
                }
            }

            @Override
            public double[] numbers() {
                return tally.numbers();
            }

            @Override
            public Map<String, Double> metrics(double[] numbers) {
                return ClassificationTally.ofNumbers(classes, numbers).metrics();
            }
        };
    }

    /** Loss and perplexity of the next token. */
    static Scorer ofTokens(NDManager manager, Decoder model, CausalLmLoss objective) {
        double[] sums = new double[2];
        return new Scorer() {
            @Override
            public void add(List<Sample> samples, int batchSize) {
                for (List<TokenLoss> documents : Inference.tokenLosses(manager, model, objective, samples, batchSize)) {
                    for (TokenLoss loss : documents) {
                        sums[0] += loss.sum();
                        sums[1] += loss.tokens();
                    }
                }
            }

            @Override
            public double[] numbers() {
                return sums.clone();
            }

            @Override
            public Map<String, Double> metrics(double[] numbers) {
                Map<String, Double> metrics = new LinkedHashMap<>();
                metrics.put("loss", numbers[0] / numbers[1]);
                Perplexity perplexity = new Perplexity();
                perplexity.add(numbers[0], (long) numbers[1]);
                metrics.put("perplexity", perplexity.tokenMean());
                return metrics;
            }
        };
    }
}
