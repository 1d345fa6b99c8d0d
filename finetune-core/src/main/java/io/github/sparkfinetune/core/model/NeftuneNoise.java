package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Noise on the embedding rows of a training step (NEFTune, Jain et al. 2023). For a document of L tokens and rows of
 * width d, a number uniform in ±alpha / √(L d) is added to each element. The forward hook of
 * {@code transformers/integrations/neftune.py} uses the batch's length with padding as L. Here the noise is a function
 * of (seed, step, sample, token, element): it does not depend on the other samples of the batch.
 */
public final class NeftuneNoise {
    /** Bits of one noise value; one draw yields two values. */
    private static final int BITS = 24;

    private static final long LOW = (1L << BITS) - 1;

    private final double alpha;
    private final long seed;
    private long step;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(0);

    /** Creates the noise of a run; there is none if {@code neftune_noise_alpha} is 0. */
    public NeftuneNoise(TrainingConfig training) {
        this(training.neftuneNoiseAlpha(), training.seed());
    }

    private NeftuneNoise(double alpha, long seed) {
        this.alpha = alpha;
        this.seed = seed;
    }

    /** Returns no noise. */
    public static NeftuneNoise none() {
        return new NeftuneNoise(0, 0);
    }

    /**
     * Sets the step whose noise is drawn.
     *
     * @param newStep number of completed optimizer steps
     */
    public void step(long newStep) {
        step = newStep;
    }

    /**
     * Adds noise to rows in place.
     *
     * @param rows result of {@link Model#lookup} for the batch, F32
     * @param tableScale factor by which the embedding module scales rows before noise is added
     */
    public void add(NDManager owner, NDArray rows, Batch batch, double tableScale) {
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
