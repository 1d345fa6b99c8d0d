package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** Samples as a model computes them at once. */
public interface Batch {
    /** The samples. */
    List<Sample> samples();

    /** All token ids, I64, in the layout of the model's hidden states without their last dimension. */
    NDArray ids();

    /** The row of the hidden states [rows, hidden] at which each sample's tokens begin. */
    int[] firstRows();

    /** What a model's text takes of it for a block, between weights and masks, see {@link BlockCall}. */
    List<Object> arguments(Block block);
}
