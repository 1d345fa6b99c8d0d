package io.github.sparkfinetune.core.task.classification;

import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.function.BiConsumer;

/**
 * Metrics, and a function that adds a sample to them.
 *
 * @param metrics metrics of all samples so far
 * @param count adds a sample with its logits
 */
record SampleScorer(Metrics metrics, BiConsumer<Sample, float[]> count) {}
