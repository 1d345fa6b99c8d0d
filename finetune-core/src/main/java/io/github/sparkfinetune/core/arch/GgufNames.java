package io.github.sparkfinetune.core.arch;

import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * llama.cpp's names of a family and its modules in a GGUF file (source: {@code gguf-py/gguf/constants.py} and the
 * family's class in {@code conversion/} of llama.cpp).
 *
 * @param architecture value of {@code general.architecture}, which prefixes the model's own keys
 * @param epsilonKey key of the norms' epsilon, without the prefix
 * @param modules modules' names in GGUF, without the layer's {@code blk.N.}, by their names in the family's script
 * @param paired linears of queries and keys whose rows GGUF reorders: the two values of a rotary pair are neighbours,
 *     instead of all first halves preceding all second halves
 * @param numbers further keys of the family, without the prefix
 */
public record GgufNames(
        String architecture,
        String epsilonKey,
        Map<String, String> modules,
        Set<String> paired,
        Map<String, Double> numbers) {
    public GgufNames {
        Objects.requireNonNull(architecture, "architecture");
        Objects.requireNonNull(epsilonKey, "epsilonKey");
        modules = Map.copyOf(modules);
        paired = Set.copyOf(paired);
        numbers = Map.copyOf(numbers);
    }
}
