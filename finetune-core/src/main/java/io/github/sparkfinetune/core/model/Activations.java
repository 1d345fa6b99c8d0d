package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
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
     * How often over the allocator holds what a layer has in tensors that it does not take from the kernel, whatever
     * the number of layers, whether they are kept or computed again. Packed rows of a decoder are of another length at
     * each step; an encoder's texts are padded to few lengths. Measured on the recipes under
     * {@link io.github.sparkfinetune.core.tensor.Allocator#ENVIRONMENT}, see submit/bench/README.md.
     */
    private static final int SCATTERED_PACKED = 5;

    /** The same of texts that are padded. */
    private static final int SCATTERED_PADDED = 3;

    /**
     * A micro-batch.
     *
     * @param samples number of samples
     * @param length tokens of each, padding included
     */
    public record MicroBatch(long samples, long length) {
        /** Tokens of all samples. */
        public long tokens() {
            return samples * length;
        }
    }

    /**
     * A decoder's, where every token has a label.
     *
     * @param recompute whether a layer keeps its input alone
     */
    public static Activations ofDecoder(HfConfig config, Adaptation adaptation, MicroBatch batch, boolean recompute) {
        DecoderArchitecture architecture = DecoderArchitecture.of(config);
        DecoderShape shape = architecture.shape();
        boolean table = trainsTable(adaptation, architecture.table());
        List<LayerUse> recorded = recorded(shape.layers(), table, adaptation, architecture::layer);
        LayerUse any = recorded.isEmpty() ? new LayerUse(0, architecture.layer(0), adaptation) : recorded.get(0);
        LayerBytes layer = architecture.conv1d()
                ? LayerBytes.gpt2(shape, any, batch)
                : LayerBytes.llama(shape, config.modelType().equals("qwen3"), any, batch);
        long hidden = batch.tokens() * shape.hidden() * Float.BYTES;
        // Rows of the table, with positions once more; the head's input, its norm and what comes out of it.
        long outside = (architecture.embeddings().isEmpty() ? 4 : 5) * hidden;
        return of(layer, recorded.size(), hidden, outside, recompute, SCATTERED_PACKED);
    }

    /**
     * Bytes of the keys and values that a decoder caches while it generates.
     *
     * @param places tokens of each sequence
     */
    public static long keysAndValues(HfConfig config, long sequences, long places) {
        DecoderShape shape = DecoderArchitecture.of(config).shape();
        return 2 * sequences * places * shape.layers() * shape.keyWidth() * Float.BYTES;
    }

    /**
     * An encoder's.
     *
     * @param recompute whether a layer keeps its input alone
     */
    public static Activations ofEncoder(HfConfig config, Adaptation adaptation, MicroBatch batch, boolean recompute) {
        EncoderArchitecture architecture = EncoderArchitecture.of(config);
        EncoderShape shape = architecture.shape(config);
        boolean table = trainsTable(adaptation, architecture.table());
        IntFunction<Map<String, WeightSpec>> names = layer -> Blueprint.layer(architecture, shape, layer);
        List<LayerUse> recorded = recorded(shape.layers(), table, adaptation, names);
        LayerUse any = recorded.isEmpty() ? new LayerUse(0, names.apply(0), adaptation) : recorded.get(0);
        long hidden = batch.tokens() * shape.hidden() * Float.BYTES;
        // Rows of the table; their sum with positions and types, and what comes out of the norm.
        long outside = (table ? 3 : 1) * hidden;
        return of(LayerBytes.encoder(shape, any, batch), recorded.size(), hidden, outside, recompute, SCATTERED_PADDED);
    }

    private static boolean trainsTable(Adaptation adaptation, String table) {
        return adaptation.trainable().trains(table, Block.Kind.EMBEDDINGS, -1);
    }

    /** The layers that have a backward: those from the lowest trained one on. */
    private static List<LayerUse> recorded(
            int layers, boolean table, Adaptation adaptation, IntFunction<Map<String, WeightSpec>> names) {
        List<LayerUse> uses = IntStream.range(0, layers)
                .mapToObj(layer -> new LayerUse(layer, names.apply(layer), adaptation))
                .toList();
        int lowest = 0;
        while (!table && lowest < layers && !uses.get(lowest).any()) {
            lowest++;
        }
        return uses.subList(lowest, layers);
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
