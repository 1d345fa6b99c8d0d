package io.github.sparkfinetune.core.memory;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.LayerBytes;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Bytes that computing one micro-batch takes, counted from the shapes of what the scripts keep and make.
 *
 * @param hidden the state between two blocks
 * @param kept from the forward pass until the backward of each block
 * @param backward the most that the backward of one block takes besides
 * @param forward the most that the forward of one block takes besides its input, where nothing is kept for a backward
 * @param masks of dropout, in buffers that stay from step to step
 * @param scattered what the allocator holds besides, in pieces between tensors that it could not give to others
 */
public record Activations(long hidden, long kept, long backward, long forward, long masks, long scattered) {
    /**
     * How often over the allocator holds what a layer has in small tensors, see {@link LayerBytes}, whatever the number
     * of layers, whether they are kept or computed again. Packed rows of a decoder are of another length at each step;
     * an encoder's texts are padded to few lengths. Measured on the recipes under
     * {@link io.github.sparkfinetune.core.tensor.Allocator#ENVIRONMENT}, see submit/bench/README.md.
     */
    private static final int SCATTERED_PACKED = 5;

    /** The same of texts that are padded. */
    private static final int SCATTERED_PADDED = 3;

    /**
     * A decoder's, where every token has a label.
     *
     * @param recompute whether a layer keeps its input alone
     */
    public static Activations ofDecoder(HfConfig config, Adaptation adaptation, BatchShape batch, boolean recompute) {
        DecoderArchitecture architecture = Architectures.decoder(config);
        List<AdaptedLayer> recorded = recorded(architecture, adaptation);
        long hidden = hidden(architecture, batch);
        // Rows of the table, with positions once more; the head's input, its norm and what comes out of it.
        long outside = (architecture.hasEmbeddings() ? 5 : 4) * hidden;
        LayerBytes layer = layer(architecture, recorded, adaptation, batch);
        return of(layer, recorded.size(), hidden, outside, recompute, SCATTERED_PACKED);
    }

    /**
     * Bytes of the keys and values that a decoder caches while it generates.
     *
     * @param places tokens of each sequence
     */
    public static long keysAndValues(HfConfig config, long sequences, long places) {
        DecoderShape shape = Architectures.decoder(config).shape();
        return 2 * sequences * places * shape.layers() * shape.keyWidth() * Float.BYTES;
    }

    /**
     * An encoder's.
     *
     * @param recompute whether a layer keeps its input alone
     */
    public static Activations ofEncoder(HfConfig config, Adaptation adaptation, BatchShape batch, boolean recompute) {
        EncoderArchitecture architecture = Architectures.encoder(config);
        List<AdaptedLayer> recorded = recorded(architecture, adaptation);
        long hidden = hidden(architecture, batch);
        // Rows of the table; their sum with positions and types, and what comes out of the norm.
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

    /** A layer that has a backward, or any where none has. */
    private static LayerBytes layer(
            Architecture architecture, List<AdaptedLayer> recorded, Adaptation adaptation, BatchShape batch) {
        AdaptedLayer any = recorded.isEmpty() ? new AdaptedLayer(architecture.layer(0), adaptation) : recorded.get(0);
        return architecture.layerBytes(any, batch);
    }

    /** The layers that have a backward: those from the lowest trained one on. */
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

    private static Activations of(
            LayerBytes layer, int layers, long hidden, long outside, boolean recompute, int timesScattered) {
        long masks = layer.masks() * layers;
        long forward = layer.kept() + layer.forward();
        long scattered = layers == 0 ? 0 : timesScattered * layer.small();
        return recompute
                ? new Activations(
                        hidden, outside + layers * hidden, layer.kept() + layer.backward(), forward, masks, scattered)
                : new Activations(hidden, outside + layers * layer.kept(), layer.backward(), forward, masks, scattered);
    }
}
