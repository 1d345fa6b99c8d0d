package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The parameters of a model by name and shape, before any of them is loaded.
 *
 * @param prefix of the weights below the head, which a checkpoint without a head lacks
 * @param table the embedding table
 * @param parts the blocks in the order of computation
 * @param projection what maps hidden states to logits, where it has a weight of its own
 */
record Blueprint(String prefix, WeightSpec table, List<Part> parts, Optional<Projection> projection) {

    /**
     * One block.
     *
     * @param layer its number among the layers, or -1
     * @param names its weights by the script's names
     */
    record Part(Block.Kind kind, int layer, Map<String, WeightSpec> names) {
        /** Whether a weight is a linear's of a layer, which may be stored in a smaller form. */
        boolean isLinear(WeightSpec weight) {
            return kind == Block.Kind.LAYER && weight.shape().length == 2;
        }
    }

    /** @param stored name of the tensor that it begins with */
    record Projection(WeightSpec weight, String stored) {}

    Blueprint {
        parts = List.copyOf(parts);
    }

    /** A decoder's. */
    static Blueprint of(DecoderArchitecture architecture, Adaptation adaptation) {
        DecoderShape shape = architecture.shape();
        List<Part> parts = new ArrayList<>();
        if (!architecture.embeddings().isEmpty()) {
            parts.add(new Part(Block.Kind.EMBEDDINGS, -1, architecture.embeddings()));
        }
        for (int i = 0; i < shape.layers(); i++) {
            parts.add(new Part(Block.Kind.LAYER, i, architecture.layer(i)));
        }
        parts.add(new Part(Block.Kind.HEAD, -1, architecture.head()));
        return new Blueprint(
                architecture.prefix(),
                new WeightSpec(architecture.table(), shape.vocabulary(), shape.hidden()),
                parts,
                projection(architecture, adaptation));
    }

    /** The projection's own weight: where it is not tied, or where PEFT trains it or the table as a copy. */
    private static Optional<Projection> projection(DecoderArchitecture architecture, Adaptation adaptation) {
        DecoderShape shape = architecture.shape();
        if (shape.tied() && !adaptation.saves(architecture.table()) && !adaptation.saves(architecture.projection())) {
            return Optional.empty();
        }
        WeightSpec weight = new WeightSpec(architecture.projection(), shape.vocabulary(), shape.hidden());
        return Optional.of(new Projection(weight, shape.tied() ? architecture.table() : weight.name()));
    }

    /** An encoder's. */
    static Blueprint of(EncoderArchitecture architecture, HfConfig config, HeadKind head, int classes) {
        EncoderShape shape = architecture.shape(config);
        int hidden = shape.hidden();
        List<Part> parts = new ArrayList<>();
        parts.add(new Part(Block.Kind.EMBEDDINGS, -1, named(architecture.embeddings(), shape, hidden)));
        for (int i = 0; i < shape.layers(); i++) {
            parts.add(new Part(Block.Kind.LAYER, i, layer(architecture, shape, i)));
        }
        Map<String, String> names = architecture.head(head, config).parameters();
        parts.add(new Part(Block.Kind.HEAD, -1, named(names, shape, classes)));
        return new Blueprint(
                architecture.prefix(),
                new WeightSpec(architecture.table(), shape.vocabulary(), hidden),
                parts,
                Optional.empty());
    }

    /** An encoder layer's weights. */
    static Map<String, WeightSpec> layer(EncoderArchitecture architecture, EncoderShape shape, int layer) {
        return named(architecture.layer(layer), shape, shape.intermediate());
    }

    private static Map<String, WeightSpec> named(Map<String, String> names, EncoderShape shape, int wide) {
        Map<String, WeightSpec> named = new LinkedHashMap<>();
        names.forEach((local, name) -> named.put(local, new WeightSpec(name, sizes(local, shape, wide))));
        return named;
    }

    private static long[] sizes(String local, EncoderShape shape, int wide) {
        long hidden = shape.hidden();
        return switch (local) {
            case "position.weight" -> new long[] {shape.positions(), hidden};
            case "type.weight" -> new long[] {shape.types(), hidden};
            case "intermediate.weight", "classifier.weight" -> new long[] {wide, hidden};
            case "intermediate.bias", "classifier.bias" -> new long[] {wide};
            case "output.weight" -> new long[] {hidden, wide};
            default ->
                local.endsWith(".bias") || local.endsWith("norm.weight")
                        ? new long[] {hidden}
                        : new long[] {hidden, hidden};
        };
    }
}
