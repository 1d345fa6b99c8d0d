package io.github.sparkfinetune.core.adapter;

import java.util.Objects;

/**
 * A linear of a model, as PEFT finds it in {@code named_modules()}.
 *
 * @param name full name, e.g. {@code model.layers.0.self_attn.q_proj}
 * @param in number of inputs per token
 * @param out number of outputs per token
 * @param conv1d whether the weight is GPT-2's [in, out] instead of [out, in]
 * @param layer index of the layer that the linear belongs to, -1 for none
 * @param outputHead whether the linear is the output head or the classifier, which {@code all-linear} leaves out
 */
public record LinearModule(String name, int in, int out, boolean conv1d, int layer, boolean outputHead) {

    public LinearModule {
        Objects.requireNonNull(name, "name");
        if (in < 1 || out < 1 || layer < -1) {
            throw new IllegalArgumentException(name + ": in " + in + ", out " + out + ", layer " + layer);
        }
    }

    /** Returns the weight's name among the model's parameters. */
    public String weight() {
        return name + ".weight";
    }

    /** Returns the last part of the name, e.g. {@code q_proj}. */
    String lastPart() {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
