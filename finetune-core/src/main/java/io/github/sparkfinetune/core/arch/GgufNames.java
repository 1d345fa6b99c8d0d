package io.github.sparkfinetune.core.arch;

import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What llama.cpp calls a family and its modules in a GGUF file (source: {@code gguf-py/gguf/constants.py} and the
 * family's class in {@code conversion/} of llama.cpp).
 *
 * @param architecture value of {@code general.architecture}, with which the model's own keys begin
 * @param epsilonKey key of the norms' epsilon, without that beginning
 * @param modules modules in GGUF, without the layer's {@code blk.N.}, by the names that the family's text knows them by
 * @param paired linears of queries and keys whose rows are in another order there: not the first halves of a head's
 *     rotary pairs and then the second ones, but each pair side by side
 * @param numbers further keys of the family, without its name before them
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
