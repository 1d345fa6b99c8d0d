package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;

/**
 * Dropout masks of a block's call. Masks are a hash, which takes less time than a layer and no memory: they are made
 * for each use, again for the backward, and do not stay between.
 */
interface BlockMasks {
    /** Masks that drop nothing. */
    BlockMasks NONE = new Made(Map.of());

    /** Masks that are made already. */
    record Made(Map<String, NDArray> masks) implements BlockMasks {
        @Override
        public Map<String, NDArray> make(NDManager owner) {
            return masks;
        }

        @Override
        public void restore(Map<String, NDArray> made) {
            // The caller keeps the masks.
        }
    }

    /**
     * Makes the masks by the script's names of their sites. On the CPU their memory is valid until masks of these names
     * are made again, for any block.
     */
    Map<String, NDArray> make(NDManager owner);

    /** Makes the values of masks again, in their memory, if other masks may have overwritten it. */
    void restore(Map<String, NDArray> made);
}
