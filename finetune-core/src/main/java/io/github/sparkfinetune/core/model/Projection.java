package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.WeightSpec;
import java.util.Optional;

/**
 * What maps hidden states to logits over the vocabulary, where it has a weight of its own.
 *
 * @param weight [vocabulary, hidden]
 * @param stored name of the tensor that it begins with
 */
public record Projection(WeightSpec weight, String stored) {

    /** Of a model: there is one where it is not tied, or where PEFT trains it or the table as a copy. */
    public static Optional<Projection> of(Architecture architecture, Adaptation adaptation) {
        WeightSpec table = architecture.table();
        return architecture
                .projection()
                .filter(weight ->
                        !architecture.isTied() || adaptation.saves(table.name()) || adaptation.saves(weight.name()))
                .map(weight -> new Projection(weight, architecture.isTied() ? table.name() : weight.name()));
    }
}
