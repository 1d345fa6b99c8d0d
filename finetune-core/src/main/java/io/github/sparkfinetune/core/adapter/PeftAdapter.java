package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.safetensors.TensorData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * A stored adapter.
 *
 * @param source the adapter's folder, for messages
 * @param settings the adapter's settings
 * @param tensors F32 values by name: {@code MODULE.lora_A} [r, in], {@code MODULE.lora_B} [out, r], with DoRA
 *     {@code MODULE.lora_magnitude} [out], {@code MODULE.token_adapter.trainable_tokens_delta} [tokens, width] of the
 *     embedding table, and under their own full names the parameters that are trained whole (modules to save, biases)
 */
public record PeftAdapter(String source, LoraSettings settings, Map<String, TensorData> tensors) {
    /** End of the name of a linear's A. */
    public static final String LORA_A = ".lora_A";

    /** End of the name of a linear's B. */
    public static final String LORA_B = ".lora_B";

    /** End of the name of a linear's magnitude. */
    public static final String LORA_MAGNITUDE = ".lora_magnitude";

    /** End of the name of an embedding table's trained rows, after the module's name. */
    public static final String TOKEN_ROWS = ".token_adapter.trainable_tokens_delta";

    private static final List<String> ENDINGS = List.of(LORA_A, LORA_B, LORA_MAGNITUDE);

    public PeftAdapter {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(settings, "settings");
        tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    }

    /**
     * Returns this adapter with the names of weights as in a model with a head; an adapter of a model without a head
     * lacks their prefix.
     *
     * @param head head of the model
     * @param prefix prefix of the weights below the head
     */
    public PeftAdapter named(HeadKind head, String prefix) {
        if (head != HeadKind.EMBEDDING) {
            return this;
        }
        Map<String, TensorData> named = new TreeMap<>();
        tensors.forEach((name, tensor) -> {
            String full = name.startsWith(prefix) ? name : prefix + name;
            named.put(full, tensor.named(full));
        });
        return new PeftAdapter(source, settings, named);
    }

    /** Returns the names of the linears that have an A. */
    static Set<String> adapted(Set<String> names) {
        Set<String> adapted = new LinkedHashSet<>();
        for (String name : names) {
            if (name.endsWith(LORA_A)) {
                adapted.add(name.substring(0, name.length() - LORA_A.length()));
            }
        }
        return adapted;
    }

    /** Returns whether a name belongs to an A, B or magnitude. */
    static boolean isLora(String name) {
        return ENDINGS.stream().anyMatch(name::endsWith);
    }

    /**
     * Returns the names of the parameters that the adapter replaces whole: modules to save, biases, resized embeddings.
     */
    public List<String> whole() {
        return tensors.keySet().stream()
                .filter(name -> !isLora(name) && !name.endsWith(TOKEN_ROWS))
                .toList();
    }

    /**
     * Returns the linears of a model that this adapter is for.
     *
     * @param modules the model's linears
     * @throws RunException if adapter and model do not fit: a target without tensors, tensors without a target, or a
     *     different shape
     */
    public List<LoraModule> modules(List<LinearModule> modules) {
        List<LoraModule> matched;
        try {
            matched = LoraTargets.match(settings, modules);
        } catch (RunException e) {
            throw otherBase(e.getMessage());
        }
        Set<String> expected = new LinkedHashSet<>();
        for (LoraModule module : matched) {
            module.shapes().forEach(this::require);
            expected.addAll(module.shapes().keySet());
        }
        List<String> unmatched = new ArrayList<>(tensors.keySet());
        unmatched.removeIf(name -> !isLora(name) || expected.contains(name));
        if (!unmatched.isEmpty()) {
            throw otherBase(unmatched.get(0) + " belongs to no linear of this model"
                    + (unmatched.size() == 1 ? "" : ", nor do " + (unmatched.size() - 1) + " other tensors"));
        }
        return matched;
    }

    private void require(String name, long[] shape) {
        TensorData tensor = tensors.get(name);
        if (tensor == null) {
            throw otherBase("it has no " + name + ", which this model and its settings need");
        }
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw otherBase(name + " is " + Arrays.toString(tensor.shape()) + "; this model and its settings need "
                    + Arrays.toString(shape));
        }
    }

    /** Returns the error that the adapter is not for the model. */
    RunException otherBase(String what) {
        String base = settings.base().baseModelNameOrPath();
        return RunException.data(source + ": the adapter does not fit this model: " + what
                + (base == null ? "" : "; it was trained for " + base.replaceAll("\\p{Cntrl}", "?")));
    }
}
