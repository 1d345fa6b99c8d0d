package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.RunException;
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
 * An adapter as it is stored.
 *
 * @param source its folder, for messages
 * @param settings what it is
 * @param tensors F32 values by name: {@code MODULE.lora_A} [r, in], {@code MODULE.lora_B} [out, r], with DoRA
 *     {@code MODULE.lora_magnitude} [out], {@code MODULE.token_adapter.trainable_tokens_delta} [tokens, width] of the
 *     embedding table, and under their own full names the parameters that are trained whole (modules to save, biases)
 */
public record PeftAdapter(String source, LoraSettings settings, Map<String, TensorData> tensors) {
    /** What the name of a linear's A ends with. */
    public static final String LORA_A = ".lora_A";

    /** What the name of a linear's B ends with. */
    public static final String LORA_B = ".lora_B";

    /** What the name of a linear's magnitude ends with. */
    public static final String LORA_MAGNITUDE = ".lora_magnitude";

    /** What the name of trained rows of an embedding table ends with, behind its module's. */
    public static final String TOKEN_ROWS = ".token_adapter.trainable_tokens_delta";

    private static final List<String> ENDINGS = List.of(LORA_A, LORA_B, LORA_MAGNITUDE);

    public PeftAdapter {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(settings, "settings");
        tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    }

    /** Names of the linears that have an A. */
    static Set<String> adapted(Set<String> names) {
        Set<String> adapted = new LinkedHashSet<>();
        for (String name : names) {
            if (name.endsWith(LORA_A)) {
                adapted.add(name.substring(0, name.length() - LORA_A.length()));
            }
        }
        return adapted;
    }

    /** Whether a name is that of an A, B or magnitude. */
    static boolean isLora(String name) {
        return ENDINGS.stream().anyMatch(name::endsWith);
    }

    /** Names of the parameters that the adapter brings whole: modules to save, biases, resized embeddings. */
    public List<String> whole() {
        return tensors.keySet().stream()
                .filter(name -> !isLora(name) && !name.endsWith(TOKEN_ROWS))
                .toList();
    }

    /**
     * The linears of a model that this adapter is for.
     *
     * @param modules the model's linears
     * @throws RunException when the adapter and the model do not fit: a target without tensors, tensors without a
     *     target, another shape
     */
    public List<LoraModule> modules(List<LinearModule> modules) {
        List<LoraModule> matched;
        try {
            matched = LoraTargets.match(settings, modules);
        } catch (RunException e) {
            throw otherBase(e.getMessage());
        }
        Set<String> wanted = new LinkedHashSet<>();
        for (LoraModule module : matched) {
            module.shapes().forEach(this::require);
            wanted.addAll(module.shapes().keySet());
        }
        List<String> without = new ArrayList<>(tensors.keySet());
        without.removeIf(name -> !isLora(name) || wanted.contains(name));
        if (!without.isEmpty()) {
            throw otherBase(without.get(0) + " belongs to no linear of this model"
                    + (without.size() == 1 ? "" : ", nor do " + (without.size() - 1) + " other tensors"));
        }
        return matched;
    }

    private void require(String name, long[] shape) {
        TensorData tensor = tensors.get(name);
        if (tensor == null) {
            throw otherBase("it has no " + name + ", which this model and its settings need");
        }
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw otherBase(name + " is " + Arrays.toString(tensor.shape()) + ", this model and its settings need "
                    + Arrays.toString(shape));
        }
    }

    /** An adapter that is not for the model at hand. */
    RunException otherBase(String what) {
        String base = settings.base().baseModelNameOrPath();
        return RunException.data(source + ": the adapter does not fit this model: " + what
                + (base == null ? "" : "; it was trained for " + base.replaceAll("\\p{Cntrl}", "?")));
    }
}
