package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Gradients of some samples, without those that are only measured, for products with the gradients of other samples.
 *
 * @param samples number of the samples
 * @param rows gradients of the samples, by span: [samples, values]
 * @param lookups gradients of the rows that the samples look up in the embedding table, as {@link SampleTable} has them
 */
public record KeptGradients(int samples, List<NDArray> rows, Optional<NDList> lookups) {
    public KeptGradients {
        rows = List.copyOf(rows);
    }

    /** Returns the number of values. */
    public long values() {
        return Stream.concat(rows.stream(), lookups.stream().flatMap(NDList::stream))
                .mapToLong(NDArray::size)
                .sum();
    }

    /** Returns copies of these gradients. */
    KeptGradients copy(NDManager owner) {
        return new KeptGradients(
                samples,
                rows.stream().map(row -> copy(owner, row)).toList(),
                lookups.map(some ->
                        new NDList(some.stream().map(row -> copy(owner, row)).toList())));
    }

    private static NDArray copy(NDManager owner, NDArray values) {
        NDArray copy = values.duplicate();
        copy.attach(owner);
        return copy;
    }

    /** Returns the product of each of these gradients with each of others: [samples, others], F64. */
    NDArray products(NDManager owner, ScriptModule script, KeptGradients others) {
        NDArray products = rows.isEmpty()
                ? owner.zeros(new Shape(samples, others.samples()), DataType.FLOAT64)
                : script.callOne(owner, "row_products", rows, others.rows());
        lookups.ifPresent(some -> script.call(
                owner, "add_lookup_products", products, some, others.lookups().orElseThrow()));
        return products;
    }
}
