package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Noise on the rows of the embedding table that a training step looks up (NEFTune, Jain et al. 2023): each element of
 * the rows, of width d, of a document of L tokens gets a number that is uniform in ±alpha / √(L d). The forward hook of
 * {@code transformers/integrations/neftune.py} has for L the batch's length, padding included; here the noise is a
 * function of (seed, step, sample, token, element), so that it is the same whatever a sample shares a batch with.
 */
final class NeftuneNoise {
    /** Bits of a number of noise; two of them are drawn at once. */
    private static final int BITS = 24;

    private static final long LOW = (1L << BITS) - 1;

    private final double alpha;
    private final long seed;
    private long step;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(0);

    /** As a run has it; with {@code neftune_noise_alpha} 0 none. */
    NeftuneNoise(TrainingConfig training) {
        this.alpha = training.regularization().neftuneNoiseAlpha();
        this.seed = training.seed();
    }

    /**
     * Chooses the noise of a step.
     *
     * @param newStep optimizer steps done before it
     */
    void step(long newStep) {
        step = newStep;
    }

    /**
     * Changes rows in place.
     *
     * @param rows what {@link Model#lookup} gave for the batch, F32
     * @param tableScale what the module of the table multiplies rows by before the noise comes to them
     */
    void add(NDManager owner, NDArray rows, Batch batch, double tableScale) {
        if (alpha == 0) {
            return;
        }
        Shape shape = rows.getShape();
        int size = Math.toIntExact(shape.size());
        int width = Math.toIntExact(shape.get(shape.dimension() - 1));
        FloatBuffer noise = zeros(size);
        long key = Seeds.derive(seed, Purpose.EMBEDDING_NOISE, step);
        int[] firstRows = batch.firstRows();
        for (int i = 0; i < batch.samples().size(); i++) {
            Sample sample = batch.samples().get(i);
            fill(noise, firstRows[i], width, sample, Seeds.fold(key, sample.index()), tableScale);
        }
        rows.addi(owner.create(noise, shape, DataType.FLOAT32));
    }

    private FloatBuffer zeros(int size) {
        int bytes = Math.multiplyExact(size, Float.BYTES);
        if (buffer.capacity() < bytes) {
            buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }
        FloatBuffer floats =
                buffer.slice(0, bytes).order(ByteOrder.nativeOrder()).asFloatBuffer();
        floats.put(0, new float[size]);
        return floats;
    }

    private void fill(FloatBuffer noise, int row, int width, Sample sample, long key, double tableScale) {
        int token = 0;
        for (int length : sample.documents()) {
            double bound = alpha / Math.sqrt((double) length * width) / tableScale;
            for (int end = token + length; token < end; token++) {
                long rowKey = Seeds.fold(key, token);
                int at = (row + token) * width;
                for (int i = 0; i < width; i += 2) {
                    long drawn = Seeds.fold(rowKey, i);
                    noise.put(at + i, uniform(drawn & LOW, bound));
                    if (i + 1 < width) {
                        noise.put(at + i + 1, uniform(drawn >>> (Long.SIZE - BITS), bound));
                    }
                }
            }
        }
    }

    private static float uniform(long bits, double bound) {
        return (float) (bound * (2 * (bits + 0.5) / (LOW + 1) - 1));
    }
}
