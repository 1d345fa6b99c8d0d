package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.quant.Nf4;
import io.github.sparkfinetune.core.quant.Nf4Tensor;
import io.github.sparkfinetune.core.quant.Widening;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/** A linear's weight as QLoRA reads it: rounded to 4 bits. */
final class FourBits {
    private FourBits() {}

    /**
     * Returns the rounded values, in the layout of the stored weight. Only the codes are in memory; for GPT-2, all
     * values are.
     *
     * @param stored the source's name of the weight
     */
    static TensorParts.Values values(LinearModule linear, TensorSource source, String stored, boolean doubleQuant) {
        if (linear.conv1d()) {
            FloatBuffer all = weight(linear, source, stored, doubleQuant, 1);
            return (from, target) -> target.put(target.position(), all, (int) from, target.remaining());
        }
        Nf4Tensor codes = Nf4.quantize(source, stored, doubleQuant, 1);
        ByteBuffer widened = ByteBuffer.allocateDirect(TensorSource.CHUNK).order(ByteOrder.nativeOrder());
        int most = TensorSource.CHUNK / Float.BYTES;
        return (from, target) -> {
            for (int done = 0; done < target.remaining(); done += most) {
                int count = Math.min(most, target.remaining() - done);
                codes.widen(from + done, widened.clear().limit(count * Float.BYTES), TensorType.F32);
                target.put(target.position() + done, widened.asFloatBuffer(), 0, count);
            }
        };
    }

    /** Returns all rounded values, computed on several threads. */
    static FloatBuffer weight(
            LinearModule linear, TensorSource source, String stored, boolean doubleQuant, int threads) {
        Nf4Tensor codes = linear.conv1d()
                ? Nf4.quantizeTransposed(source, stored, doubleQuant, threads)
                : Nf4.quantize(source, stored, doubleQuant, threads);
        ByteBuffer widened = direct(linear);
        Widening.run(List.of(new Widening(codes, widened)), TensorType.F32, threads);
        FloatBuffer values = widened.asFloatBuffer();
        if (!codes.isTransposed()) {
            return values;
        }
        FloatBuffer transposed = direct(linear).asFloatBuffer();
        for (int row = 0; row < linear.out(); row++) {
            for (int column = 0; column < linear.in(); column++) {
                transposed.put(column * linear.out() + row, values.get(row * linear.in() + column));
            }
        }
        return transposed;
    }

    /** Returns an empty buffer for a linear's weight in F32. */
    static ByteBuffer direct(LinearModule linear) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(linear.in() * Float.BYTES, linear.out()))
                .order(ByteOrder.nativeOrder());
    }
}
