package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.data.Sample;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;

/**
 * Samples padded on the right to one length.
 *
 * @param samples the samples, B of them
 * @param length T, the longest sample's length, rounded up to a multiple of 8
 * @param ids token ids [B, T], I64, padded with the model's padding id
 * @param types token type ids [B, T], I64
 * @param positions position ids [B, T], I64
 * @param bias empty where no sample is padded, else one [B, 1, 1, T]: 0 for a token, -inf for padding
 */
public record PaddedBatch(
        List<Sample> samples, int length, NDArray ids, NDArray types, NDArray positions, List<NDArray> bias)
        implements Batch {

    private static final int LENGTH_MULTIPLE = 8;

    /**
     * Pads samples.
     *
     * @param manager owner of the batch's tensors
     * @param samples not empty, none longer than the model allows
     */
    public static PaddedBatch of(NDManager manager, List<Sample> samples, EncoderShape shape) {
        int longest = samples.stream().mapToInt(Sample::length).max().orElseThrow();
        if (longest > shape.maxLength()) {
            throw new IllegalArgumentException(
                    "a sample of " + longest + " tokens, the model takes " + shape.maxLength());
        }
        int length = Math.min(shape.maxLength(), (longest + LENGTH_MULTIPLE - 1) / LENGTH_MULTIPLE * LENGTH_MULTIPLE);
        int cells = samples.size() * length;
        ByteBuffer ids = direct(cells, Long.BYTES);
        ByteBuffer types = direct(cells, Long.BYTES);
        ByteBuffer positions = direct(cells, Long.BYTES);
        ByteBuffer bias = direct(cells, Float.BYTES);
        boolean padded = false;
        for (int row = 0; row < samples.size(); row++) {
            Sample sample = samples.get(row);
            padded |= sample.length() < length;
            fill(
                    row * length,
                    length,
                    sample,
                    shape,
                    ids.asLongBuffer(),
                    types.asLongBuffer(),
                    positions.asLongBuffer());
            FloatBuffer mask = bias.asFloatBuffer();
            for (int t = sample.length(); t < length; t++) {
                mask.put(row * length + t, Float.NEGATIVE_INFINITY);
            }
        }
        Shape cellsShape = new Shape(samples.size(), length);
        return new PaddedBatch(
                List.copyOf(samples),
                length,
                manager.create(ids, cellsShape, DataType.INT64),
                manager.create(types, cellsShape, DataType.INT64),
                manager.create(positions, cellsShape, DataType.INT64),
                padded
                        ? List.of(manager.create(bias, new Shape(samples.size(), 1, 1, length), DataType.FLOAT32))
                        : List.of());
    }

    private static void fill(
            int at,
            int length,
            Sample sample,
            EncoderShape shape,
            LongBuffer ids,
            LongBuffer types,
            LongBuffer positions) {
        // RoBERTa counts positions over the tokens that are not padding; a padding id in mid-text stays at the padding
        // position. BERT counts all.
        int next = shape.firstPosition();
        for (int t = 0; t < length; t++) {
            boolean token = t < sample.length();
            int id = token ? sample.inputIds()[t] : shape.paddingId();
            ids.put(at + t, id);
            types.put(at + t, token ? sample.tokenTypeIds()[t] : 0);
            if (shape.firstPosition() == 0) {
                positions.put(at + t, t);
            } else {
                positions.put(at + t, id == shape.paddingId() ? shape.paddingId() : next++);
            }
        }
    }

    private static ByteBuffer direct(int count, int bytes) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(count, bytes)).order(ByteOrder.nativeOrder());
    }
}
