package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The linears of a model, found in its weights: every matrix named {@code MODULE.weight} which is no embedding. A
 * checkpoint of a bare model ({@code BertModel}, {@code GPT2Model}) lacks the prefix that its parameters have in a
 * model with a head; names here always have it.
 */
public final class ModelModules {
    /** Of a decoder: what turns hidden states into logits. */
    static final String LM_HEAD = "lm_head";

    /** Modules outside the prefix, by the first part of their names. */
    private static final Set<String> HEADS =
            Set.of(LM_HEAD, "classifier", "pre_classifier", "score", "qa_outputs", "cls");

    private static final Set<String> OUTPUT_HEADS = Set.of(LM_HEAD, "classifier", "score", "cls.predictions.decoder");

    private static final String WEIGHT = ".weight";

    /** The first number between dots is the layer's, as PEFT reads names. */
    private static final Pattern LAYER = Pattern.compile(".*?\\.[^.]*\\.(\\d{1,6})\\..*");

    private ModelModules() {}

    /** The linears in the order of the weights. */
    public static List<LinearModule> linears(Architecture architecture, TensorSource weights) {
        List<LinearModule> linears = new ArrayList<>();
        Set<String> embeddings = embeddings(architecture);
        boolean bare = isBare(architecture, weights);
        boolean head = false;
        for (String stored : weights.names()) {
            String name = bare ? prefixed(architecture, stored) : stored;
            if (!name.endsWith(WEIGHT) || weights.info(stored).shape().length != 2 || embeddings.contains(name)) {
                continue;
            }
            long[] shape = Nf4Checkpoint.holds(weights, stored)
                    ? Nf4Checkpoint.read(weights, stored).shape()
                    : weights.info(stored).shape();
            String module = name.substring(0, name.length() - WEIGHT.length());
            linears.add(linear(module, shape, architecture.isConv1d() && name.startsWith(architecture.prefix())));
            head |= module.equals(LM_HEAD);
        }
        if (architecture.projection().isPresent() && !head) {
            String table = architecture.table().name();
            String stored = bare ? table.substring(architecture.prefix().length()) : table;
            linears.add(linear(LM_HEAD, weights.info(stored).shape(), false));
        }
        return linears;
    }

    private static Set<String> embeddings(Architecture architecture) {
        Set<String> names = new HashSet<>();
        names.add(architecture.table().name());
        architecture.embeddings().values().stream()
                .filter(weight -> weight.kind() == WeightSpec.Kind.EMBEDDING)
                .forEach(weight -> names.add(weight.name()));
        return names;
    }

    private static LinearModule linear(String module, long[] shape, boolean conv1d) {
        int rows = Math.toIntExact(shape[0]);
        int columns = Math.toIntExact(shape[1]);
        Matcher layer = LAYER.matcher(module + ".");
        return new LinearModule(
                module,
                conv1d ? rows : columns,
                conv1d ? columns : rows,
                conv1d,
                layer.matches() ? Integer.parseInt(layer.group(1)) : -1,
                OUTPUT_HEADS.contains(module));
    }

    /** Whether the weights are those of a model without a head, whose names lack the prefix. */
    static boolean isBare(Architecture architecture, TensorSource weights) {
        return weights.names().stream().noneMatch(name -> name.startsWith(architecture.prefix()));
    }

    /** The name that a bare model's tensor has in a model with a head. */
    static String prefixed(Architecture architecture, String stored) {
        String first = stored.substring(0, Math.max(0, stored.indexOf('.')));
        return HEADS.contains(first) ? stored : architecture.prefix() + stored;
    }
}
