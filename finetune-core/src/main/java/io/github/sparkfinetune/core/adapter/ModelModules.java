package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The linears of a model, found in its weights: every matrix named {@code MODULE.weight} that is not an embedding and
 * that the model uses with its head. Heads for other tasks may be in the same checkpoint. A checkpoint of a bare model
 * ({@code BertModel}, {@code GPT2Model}) lacks the prefix that parameters have in a model with a head; names here
 * always have the prefix.
 */
public final class ModelModules {
    /** Module of a decoder that maps hidden states to logits. */
    static final String LM_HEAD = "lm_head";

    /** Modules outside the prefix, by the first part of their names. */
    private static final Set<String> HEADS = Set.of(
            LM_HEAD,
            "classifier",
            "pre_classifier",
            "score",
            "qa_outputs",
            "cls",
            "head",
            "decoder",
            "vocab_transform",
            "vocab_layer_norm",
            "vocab_projector");

    private static final Set<String> CLASSIFIERS = Set.of("classifier", "score");

    private static final String WEIGHT = ".weight";

    /** The first number between dots is the layer's index, as PEFT reads names. */
    private static final Pattern LAYER = Pattern.compile(".*?\\.[^.]*\\.(\\d{1,6})\\..*");

    private ModelModules() {}

    /**
     * Returns the linears in the order of the weights.
     *
     * @param head the model's head
     */
    public static List<LinearModule> linears(Architecture architecture, HeadKind head, TensorSource weights) {
        List<LinearModule> linears = new ArrayList<>();
        Map<String, WeightSpec> lmHead = architecture.lmHead(head);
        Set<String> own = modules(architecture, head);
        boolean bare = isBare(architecture, weights);
        String output = lmHead.isEmpty()
                ? null
                : lmHead.get(Architecture.LM_HEAD + WEIGHT).module();
        boolean found = false;
        for (String stored : weights.names()) {
            String name = bare ? prefixed(architecture, stored) : stored;
            if (!name.endsWith(WEIGHT) || weights.info(stored).shape().length != 2) {
                continue;
            }
            String module = name.substring(0, name.length() - WEIGHT.length());
            if (!own.contains(module)) {
                continue;
            }
            boolean conv1d = architecture.isConv1d() && name.startsWith(architecture.prefix());
            linears.add(linear(module, shape(weights, stored, conv1d), conv1d, output));
            found |= module.equals(output);
        }
        if (output != null && !found) {
            String table = architecture.table().name();
            String stored = bare ? table.substring(architecture.prefix().length()) : table;
            linears.add(linear(output, weights.info(stored).shape(), false, output));
        }
        return linears;
    }

    /** Returns the names of all linears of a model with a head. */
    private static Set<String> modules(Architecture architecture, HeadKind head) {
        // The number of classes changes no name.
        return Stream.concat(
                        architecture.blocks(head, 1).stream().flatMap(block -> block.weights().values().stream()),
                        architecture.lmHead(head).values().stream())
                .filter(WeightSpec::isLinear)
                .map(WeightSpec::module)
                .collect(Collectors.toSet());
    }

    /** Returns the shape of a weight in the model; bitsandbytes stores the transpose of a Conv1D. */
    private static long[] shape(TensorSource weights, String stored, boolean conv1d) {
        if (!Nf4Checkpoint.holds(weights, stored)) {
            return weights.info(stored).shape();
        }
        long[] shape = Nf4Checkpoint.read(weights, stored, conv1d).shape();
        return conv1d ? new long[] {shape[1], shape[0]} : shape;
    }

    /** @param output module of the lm_head, or null */
    private static LinearModule linear(String module, long[] shape, boolean conv1d, String output) {
        int rows = Math.toIntExact(shape[0]);
        int columns = Math.toIntExact(shape[1]);
        Matcher layer = LAYER.matcher(module + ".");
        return new LinearModule(
                module,
                conv1d ? rows : columns,
                conv1d ? columns : rows,
                conv1d,
                layer.matches() ? Integer.parseInt(layer.group(1)) : -1,
                CLASSIFIERS.contains(module) || module.equals(output));
    }

    /** Returns whether the weights belong to a model without a head, whose names lack the prefix. */
    static boolean isBare(Architecture architecture, TensorSource weights) {
        return weights.names().stream().noneMatch(name -> name.startsWith(architecture.prefix()));
    }

    /** Returns a bare model's name of a tensor as a name of a model with a head. */
    static String prefixed(Architecture architecture, String stored) {
        String first = stored.substring(0, Math.max(0, stored.indexOf('.')));
        return HEADS.contains(first) ? stored : architecture.prefix() + stored;
    }
}
