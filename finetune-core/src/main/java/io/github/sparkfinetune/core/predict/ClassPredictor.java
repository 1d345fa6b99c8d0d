package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** Predicts the labels of texts, with a {@link Predictor}'s model. */
public final class ClassPredictor {
    private final NDManager manager;
    private final Model model;
    private final List<String> labels;
    private final int batchSize;

    ClassPredictor(NDManager manager, Model model, List<String> labels, int batchSize) {
        this.manager = manager;
        this.model = model;
        this.labels = labels;
        this.batchSize = batchSize;
    }

    /** Names of the classes, by id. */
    public List<String> labels() {
        return labels;
    }

    /** Logits [samples][classes], in the order of the samples. */
    public float[][] logits(List<Sample> samples) {
        return Inference.logits(manager, model, samples, batchSize);
    }
}
