package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.weight.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Check that all ranks hold the same parameters. Each rank updates its own parameters with bit-equal gradients.
 * Different CPUs round the update differently; then all ranks copy rank 0's values. If ranks share the optimizer, each
 * value is updated by one rank and copied by all ranks. Then parameters differ only after a fault.
 */
final class ParameterSync {
    private static final Logger LOG = LoggerFactory.getLogger(ParameterSync.class);

    /**
     * Largest difference that counts as rounding, relative to a tensor's largest value. One step differs by about 1e-7,
     * and differences add up over the steps between two checkpoints.
     */
    static final double TOLERANCE = 1e-3;

    private static final int CHUNK = 1 << 20;

    /** Largest difference of a tensor from rank 0's tensor, and the largest value of rank 0's tensor. */
    private static final class Difference {
        private double greatest = Float.MIN_NORMAL;
        private double difference;
    }

    private final Collective collective;
    private final TrainingResources resources;
    private boolean warned;

    ParameterSync(Collective collective, TrainingResources resources) {
        this.collective = collective;
        this.resources = resources;
    }

    /**
     * Compares the ranks' parameters. If they differ, all ranks copy rank 0's parameters and optimizer state. After the
     * first step the optimizer state is compared too, because with warm-up from 0 no parameter has changed yet.
     *
     * @param step number of completed optimizer steps
     * @param beforeChange called before a tensor changes
     * @throws RunException on all ranks, if parameters differ by more than rounding
     */
    void check(long step, Runnable beforeChange) {
        if (collective.size() == 1 || areSame(step == 1)) {
            return;
        }
        beforeChange.run();
        double difference = 0;
        for (Parameter parameter : resources.tensors().parameters()) {
            difference = Math.max(difference, takeFirst(parameter.value()));
        }
        if (resources.step().share().count() == 1) {
            for (NDArray state : resources.step().optimizer().state().values()) {
                difference = Math.max(difference, takeFirst(state));
            }
        }
        resources.model().updated();
        double[] all = collective.allGather(new double[] {difference});
        for (int rank = 0; rank < all.length; rank++) {
            // Negated, so that NaN also counts as a difference.
            if (!(all[rank] <= TOLERANCE)) {
                throw RunException.failed(
                        "after step " + step + " the parameters of rank " + rank + " differ from rank 0's by "
                                + all[rank]
                                + " of a tensor's largest value; the previous checkpoint is kept. Look for a hardware"
                                + " fault on the machine of rank " + rank,
                        null);
            }
        }
        if (collective.rank() == 0 && !warned) {
            warned = true;
            LOG.warn(
                    "after step {} the ranks' parameters differ from rank 0's by up to {} of a tensor's largest value,"
                            + " because their processors or numbers of threads differ. All ranks copy rank 0's"
                            + " parameters, now and at each checkpoint. Runs repeat bit for bit on equal machines only",
                    step,
                    Arrays.stream(all).max().orElseThrow());
        }
    }

    private boolean areSame(boolean withState) {
        byte[] mine = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(resources.tensors().parametersHash())
                .putLong(
                        withState && resources.step().share().count() == 1
                                ? resources.tensors().optimizerHash()
                                : 0)
                .array();
        byte[][] all = collective.allGather(mine);
        return Arrays.stream(all).allMatch(hash -> Arrays.equals(hash, all[0]));
    }

    /** Overwrites a tensor with rank 0's; returns their largest difference, relative to rank 0's largest value. */
    private double takeFirst(NDArray tensor) {
        Difference all = new Difference();
        boolean floats = tensor.getDataType() == DataType.FLOAT32;
        resources.tensors().eachPart(tensor, (from, host) -> {
            host.download();
            takeFirst(host.bytes(), floats, all);
            host.upload();
        });
        return all.difference / all.greatest;
    }

    private void takeFirst(ByteBuffer bytes, boolean floats, Difference all) {
        for (int at = 0; at < bytes.limit(); at += CHUNK) {
            ByteBuffer mine =
                    bytes.slice(at, Math.min(CHUNK, bytes.limit() - at)).order(ByteOrder.nativeOrder());
            byte[] sent = new byte[collective.rank() == 0 ? mine.remaining() : 0];
            mine.get(0, sent);
            ByteBuffer first = ByteBuffer.wrap(collective.allGather(sent)[0]).order(ByteOrder.nativeOrder());
            FloatBuffer reference = first.asFloatBuffer();
            FloatBuffer own = mine.asFloatBuffer();
            // Quantised codes have no meaningful difference.
            for (int i = 0; i < reference.limit() && floats; i++) {
                all.greatest = Math.max(all.greatest, Math.abs(reference.get(i)));
                all.difference = Math.max(all.difference, Math.abs((double) own.get(i) - reference.get(i)));
            }
            mine.put(0, first, 0, first.limit());
        }
    }
}
