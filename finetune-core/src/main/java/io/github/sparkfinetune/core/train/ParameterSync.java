package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees that all ranks hold the same parameters. Each updates its own by gradients that are the same bits, but
 * processors of unlike kinds round the update differently; such ranks take rank 0's values. Where ranks share the
 * optimizer each value is moved by one rank, whose result all take: they can't differ but by a fault.
 */
final class ParameterSync {
    private static final Logger LOG = LoggerFactory.getLogger(ParameterSync.class);

    /**
     * Greatest difference that is taken for rounding, by the greatest value of a tensor: a step's is about 1e-7, and
     * they add up over the steps between two checkpoints.
     */
    static final double TOLERANCE = 1e-3;

    private static final int CHUNK = 1 << 20;

    /** How far a tensor is from rank 0's, and the greatest value of that. */
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
     * Compares the ranks' parameters and, where they differ, gives all ranks rank 0's and its optimizer's state. After
     * the first step the optimizer's state is compared, too: a learning rate that rises from 0 moved no parameter yet.
     *
     * @param step optimizer steps done
     * @param beforeChange called before a tensor changes
     * @throws RunException on all ranks, where they differ by more than rounding
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
            // Written so that a difference that is no number is one, too.
            if (!(all[rank] <= TOLERANCE)) {
                throw RunException.failed(
                        "rank " + rank + " holds other parameters than rank 0 after step " + step + ", by " + all[rank]
                                + " of a tensor's greatest value; the checkpoint before is kept. It may be on a machine"
                                + " with a fault",
                        null);
            }
        }
        if (collective.rank() == 0 && !warned) {
            warned = true;
            LOG.warn(
                    "after step {} ranks held other parameters than rank 0, by up to {} of a tensor's greatest value: their"
                            + " processors or numbers of threads are not alike. All take rank 0's, now and at each"
                            + " checkpoint; runs repeat to the bit on machines of one kind alone",
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

    /** Overwrites a tensor by rank 0's; returns how far it was from it, by rank 0's greatest value. */
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
            FloatBuffer theirs = first.asFloatBuffer();
            FloatBuffer own = mine.asFloatBuffer();
            // Codes tell nothing by themselves of how far they are apart.
            for (int i = 0; i < theirs.limit() && floats; i++) {
                all.greatest = Math.max(all.greatest, Math.abs(theirs.get(i)));
                all.difference = Math.max(all.difference, Math.abs((double) own.get(i) - theirs.get(i)));
            }
            mine.put(0, first, 0, first.limit());
        }
    }
}
