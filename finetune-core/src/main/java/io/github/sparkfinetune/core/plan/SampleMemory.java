package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.gradient.SampleGradients;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Memory of the gradients of single samples in a private run, see {@link SampleGradients}, or of what gives their
 * clipped sum.
 *
 * @param head kind of the model's head
 * @param bf16 whether layers compute in BF16
 * @param recompute whether layers are computed again for the backward
 * @param samples number of samples of a micro-batch
 */
record SampleMemory(Architecture architecture, HeadKind head, boolean bf16, boolean recompute, int samples) {
    /**
     * Returns the number of bytes.
     *
     * @param readsTable whether the loss reads the trained embedding table
     * @param activations those of a micro-batch
     * @param longest number of tokens of the longest sample
     */
    long bytes(Footprint.Parameters parameters, boolean readsTable, Activations activations, int longest) {
        boolean trainsLayers = parameters.trainedLayers() > 0;
        boolean measuresLayers = trainsLayers && measures(BlockKind.LAYER);
        long held = parameters.trained() - (readsTable ? 0 : parameters.trainedTable());
        if (trainsLayers && !measuresLayers) {
            return held * Float.BYTES;
        }
        if (measures(BlockKind.HEAD)) {
            held = parameters.trainedBody();
        }
        held -= measuresLayers ? parameters.trainedBody() : 0;
        return held * Float.BYTES * SampleGradients.most(held, samples)
                + (measuresLayers ? ofLayers(activations, longest) : 0);
    }

    private boolean measures(BlockKind kind) {
        return architecture.measuresSamples(kind, head, bf16);
    }

    /**
     * Returns the bytes that layers keep until the norms of the samples are known, more than the activations: the
     * inputs of linears and the gradients of their outputs, or, if layers are computed again, the gradients of theirs.
     */
    private long ofLayers(Activations activations, int longest) {
        int layers = architecture.shape().layers();
        if (recompute) {
            return layers * activations.hidden();
        }
        long widths = IntStream.range(0, layers)
                .mapToObj(architecture::layer)
                .flatMap(layer -> layer.weights().values().stream())
                .filter(weight -> weight.kind() == WeightSpec.Kind.LINEAR)
                .mapToLong(weight -> Arrays.stream(weight.shape()).sum())
                .sum();
        return Math.max(0, widths * samples * longest * Float.BYTES - activations.kept());
    }
}
