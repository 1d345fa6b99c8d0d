package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * L2 norm of all gradients. It is computed from the norms of units of some thousand values, in F64 and in a fixed
 * order. So it has the same bits however the ranks share the gradients.
 */
final class GradientNorms {
    private GradientNorms() {}

    /**
     * Returns the norms of units of consecutive values.
     *
     * @param stretches tensors, each divided into units of its own
     */
    static float[] of(NDManager owner, ScriptModule script, List<NDArray> stretches, int unit) {
        return stretches.isEmpty()
                ? new float[0]
                : script.callOne(owner, "unit_norms", stretches, unit).toFloatArray();
    }

    /** Returns the norm over all groups, on a rank that has all their units. */
    static double whole(List<float[]> groups) {
        double squares = 0;
        for (float[] units : groups) {
            for (float norm : units) {
                squares += (double) norm * norm;
            }
        }
        return Math.sqrt(squares);
    }

    /**
     * Returns the norm over the units of all ranks.
     *
     * @param groups this rank's units by group; in a group, those of rank 0 come first, then those of rank 1, and so on
     */
    static double gathered(Collective collective, List<float[]> groups) {
        int units = groups.stream().mapToInt(group -> group.length).sum();
        ByteBuffer own = ByteBuffer.allocate((groups.size() + units) * Float.BYTES);
        groups.forEach(group -> own.putInt(group.length));
        for (float[] group : groups) {
            for (float norm : group) {
                own.putFloat(norm);
            }
        }
        List<ByteBuffer> counts = new ArrayList<>();
        List<ByteBuffer> norms = new ArrayList<>();
        for (byte[] bytes : collective.allGather(own.array())) {
            counts.add(ByteBuffer.wrap(bytes));
            norms.add(ByteBuffer.wrap(bytes).position(groups.size() * Integer.BYTES));
        }
        double squares = 0;
        for (int group = 0; group < groups.size(); group++) {
            for (int rank = 0; rank < counts.size(); rank++) {
                for (int left = counts.get(rank).getInt(); left > 0; left--) {
                    double norm = norms.get(rank).getFloat();
                    squares += norm * norm;
                }
            }
        }
        return Math.sqrt(squares);
    }
}
