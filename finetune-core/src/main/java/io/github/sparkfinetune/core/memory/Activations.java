package io.github.sparkfinetune.core.memory;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.LayerBytes;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Bytes that one micro-batch needs, counted from the shapes of the tensors that the scripts keep and create.
 *
 * @param hidden bytes of the state between two blocks
 * @param kept bytes that are kept from the forward until the backward of each block
 * @param backward peak of further bytes in the backward of one block
 * @param forward peak of bytes in the forward of one block, except its input, if nothing is kept for a backward
 * @param masks bytes of the dropout masks of one layer, which every layer makes again
 * @param scattered further bytes that the allocator holds in pieces between tensors, which it cannot reuse
 */
public record Activations(long hidden, long kept, long backward, long forward, long masks, long scattered) {
    /**
     * Ratio of the bytes that the allocator holds to a layer's bytes in small tensors; see {@link LayerBytes}. The
     * ratio does not depend on the number of layers, nor on whether layers are kept or recomputed. A decoder's packed
     * rows have another length at each step; an encoder's texts are padded to few lengths. Measured on the recipes
     * under {@link io.github.sparkfinetune.core.tensor.Allocator#ENVIRONMENT}; see submit/bench/README.md.
     */
    private static final int SCATTERED_PACKED = 5;

    /** The ratio for padded texts. */
    private static final int SCATTERED_PADDED = 3;

    /** Returns the bytes of a pass without backward: hidden states before and after a block, and the block. */
    public long scoring() {
        return forward + 2 * hidden;
    }

    /**
     * Returns a decoder's bytes if every token has a label.
     *
     * @param recompute whether a layer keeps only its input
     */
    public static Activations ofDecoder(HfConfig config, Adaptation adaptation, BatchShape batch, boolean recompute) {
        DecoderArchitecture architecture = Architectures.decoder(config);
        List<AdaptedLayer> recorded = recorded(architecture, adaptation);
        long hidden = hidden(architecture, batch);
        // Rows of the table, again with positions; the head's input, its norm and its output.
        long outside = (architecture.hasEmbeddings() ? 5 : 4) * hidden;
        LayerBytes layer = layer(architecture, recorded, adaptation, batch);
        return of(layer, recorded.size(), hidden, outside, recompute, SCATTERED_PACKED);
    }

    /**
     * Returns the bytes of the keys and values that a decoder caches while it generates.
     *
     * @param tokens number of tokens of each sequence
     * @param bf16 whether layers compute in BF16
     */
    public static long keysAndValues(HfConfig config, long sequences, long tokens, boolean bf16) {
        ModelShape shape = Architectures.decoder(config).shape();
        int bytes = bf16 ? Short.BYTES : Float.BYTES;
        return 2 * sequences * tokens * shape.layers() * shape.keyWidth() * bytes;
    }

    /**
     * Returns an encoder's bytes.
     *
     * @param recompute whether a layer keeps only its input
     */
    public static Activations ofEncoder(HfConfig config, Adaptation adaptation, BatchShape batch, boolean recompute) {
        EncoderArchitecture architecture = Architectures.encoder(config);
        List<AdaptedLayer> recorded = recorded(architecture, adaptation);
        long hidden = hidden(architecture, batch);
        // Rows of the table; their sum with positions and types, and the norm's output.
        long outside = (trainsTable(architecture, adaptation) ? 3 : 1) * hidden;
        LayerBytes layer = layer(architecture, recorded, adaptation, batch);
        return of(layer, recorded.size(), hidden, outside, recompute, SCATTERED_PADDED);
    }

    private static long hidden(Architecture architecture, BatchShape batch) {
        return batch.tokens() * architecture.shape().hidden() * Float.BYTES;
    }

    private static boolean trainsTable(Architecture architecture, Adaptation adaptation) {
        return !adaptation.tokens().isEmpty()
                || adaptation.trainable().trains(architecture.table().name(), BlockKind.EMBEDDINGS, -1);
    }

    private static boolean trainsShared(Architecture architecture, Adaptation adaptation) {
        return architecture.shared().values().stream()
                .anyMatch(weight -> adaptation.trainable().trains(weight.name(), BlockKind.EMBEDDINGS, -1));
    }

    /** Returns the bytes of a layer with a backward, or of any layer if none has a backward. */
    private static LayerBytes layer(
            Architecture architecture, List<AdaptedLayer> recorded, Adaptation adaptation, BatchShape batch) {
        AdaptedLayer any = recorded.isEmpty() ? new AdaptedLayer(architecture.layer(0), adaptation) : recorded.get(0);
        return architecture.layerBytes(any, batch);
    }

    /** Returns the layers that have a backward: all from the lowest trained layer on. */
    private static List<AdaptedLayer> recorded(Architecture architecture, Adaptation adaptation) {
        int layers = architecture.shape().layers();
        List<AdaptedLayer> adapted = IntStream.range(0, layers)
                .mapToObj(layer -> new AdaptedLayer(architecture.layer(layer), adaptation))
                .toList();
        boolean all = trainsTable(architecture, adaptation) || trainsShared(architecture, adaptation);
        int lowest = 0;
        while (!all && lowest < layers && !adapted.get(lowest).trainsAny()) {
            lowest++;
        }
        return adapted.subList(lowest, layers);
    }

    /** Returns the bytes if several micro-batches are kept, and differentiated one after the other. */
    public Activations of(int microBatches) {
        return new Activations(hidden, kept * microBatches, backward, forward, masks, scattered);
    }

    private static Activations of(
            LayerBytes layer, int layers, long hidden, long outside, boolean recompute, int scatteredRatio) {
        long masks = layers == 0 ? 0 : layer.masks();
        long forward = layer.kept() + layer.forward();
        long scattered = layers == 0 ? 0 : scatteredRatio * layer.small();
        return recompute
                ? new Activations(
                        hidden, outside + layers * hidden, layer.kept() + layer.backward(), forward, masks, scattered)
                : new Activations(hidden, outside + layers * layer.kept(), layer.backward(), forward, masks, scattered);
    }
}
