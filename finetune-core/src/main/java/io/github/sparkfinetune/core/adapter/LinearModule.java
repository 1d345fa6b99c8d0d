package io.github.sparkfinetune.core.adapter;

import java.util.Objects;

/**
 * A linear of a model, as PEFT sees it among {@code named_modules()}.
 *
 * @param name its full name, e.g. {@code model.layers.0.self_attn.q_proj}
 * @param in values that it takes a token
 * @param out values that it gives a token
 * @param conv1d whether its weight is GPT-2's [in, out] instead of [out, in]
 * @param layer number of the layer that it belongs to, -1 for none
 * @param outputHead whether it is the output head or the classifier, which {@code all-linear} leaves out
 */
public record LinearModule(String name, int in, int out, boolean conv1d, int layer, boolean outputHead) {

    public LinearModule {
        Objects.requireNonNull(name, "name");
        if (in < 1 || out < 1 || layer < -1) {
            throw new IllegalArgumentException(name + ": in " + in + ", out " + out + ", layer " + layer);
        }
    }

    /** Name of its weight among the model's parameters. */
    public String weight() {
        return name + ".weight";
    }

    /** Last part of the name, e.g. {@code q_proj}. */
    String lastPart() {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
