package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.safetensors.TensorSource;
import java.util.Collection;
import java.util.Optional;

/** Source of the initial values of a new adapter. */
@FunctionalInterface
public interface AdapterStart {
    /** PEFT's default; see {@link LoraInit}. */
    AdapterStart DEFAULT = (modules, source, prefix) -> Optional.empty();

    /**
     * Returns the initial values, or empty for the default.
     *
     * @param modules linears with an adapter
     * @param source the base model's weights
     * @param prefix prefix of the weights below the head
     */
    Optional<InitialAdapter> of(Collection<LoraModule> modules, TensorSource source, String prefix);
}
