package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.safetensors.TensorSource;
import java.util.Collection;
import java.util.Optional;

/** Where the values come from that a new adapter begins with. */
@FunctionalInterface
public interface AdapterStart {
    /** PEFT's default, see {@link LoraInit}. */
    AdapterStart DEFAULT = (modules, source, prefix) -> Optional.empty();

    /**
     * The values by their names in an adapter, or nothing for the default.
     *
     * @param modules linears with an adapter
     * @param source the base model's weights
     * @param prefix of those below the head
     */
    Optional<InitialAdapter> of(Collection<LoraModule> modules, TensorSource source, String prefix);
}
