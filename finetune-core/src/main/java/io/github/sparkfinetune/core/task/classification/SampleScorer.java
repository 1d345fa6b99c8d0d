package io.github.sparkfinetune.core.task.classification;

import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.function.BiConsumer;

/**
 * Metrics and what counts a sample in them.
 *
 * @param metrics of the samples counted so far
 * @param count takes a sample and its logits
 */
record SampleScorer(Metrics metrics, BiConsumer<Sample, float[]> count) {}
