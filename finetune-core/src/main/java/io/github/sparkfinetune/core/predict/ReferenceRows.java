package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * The same number of values for each sample. The values of a split are F32 [samples, values], in storage order. They
 * are in one tensor with the split's name, or in several tensors named as in {@link TensorRange}.
 */
record ReferenceRows() implements ReferenceLayout {

    @Override
    public Encoder encoder() {
        return new Rows();
    }

    private static final class Rows implements Encoder {
        private final ByteArrayOutputStream rows = new ByteArrayOutputStream();
        private int width;

        @Override
        public void add(double[] values) {
            width = values.length;
            byte[] bytes = new byte[width * Float.BYTES];
            ByteBuffer row = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            for (double value : values) {
                row.putFloat((float) value);
            }
            rows.writeBytes(bytes);
        }

        @Override
        public long bytes() {
            return rows.size();
        }

        @Override
        public List<TensorData> tensors(Stretch stretch) {
            String name = new TensorRange(stretch.split(), stretch.from() * width, stretch.to() * width).name();
            return List.of(
                    TensorData.f32(name, new long[] {stretch.size(), width}, ByteBuffer.wrap(rows.toByteArray())));
        }
    }

    @Override
    public Optional<Stretch> stretch(SafetensorsFile file) {
        if (file.names().size() != 1) {
            return Optional.empty();
        }
        String name = file.names().iterator().next();
        TensorRange range = TensorRange.ofName(name);
        long[] shape = file.info(name).shape();
        if (file.info(name).dtype() != TensorType.F32
                || shape.length != 2
                || shape[0] < 1
                || shape[1] < 1
                || range.from() % shape[1] != 0) {
            return Optional.empty();
        }
        long from = range.from() / shape[1];
        return Optional.of(new Stretch(range.tensor(), from, from + shape[0]));
    }

    @Override
    public Optional<LongFunction<double[]>> values(SafetensorsFile file, String split, long samples) {
        NavigableMap<Long, String> parts = new TreeMap<>();
        for (String name : file.names()) {
            TensorRange range = TensorRange.ofName(name);
            if (range.tensor().equals(split)) {
                parts.put(range.from(), name);
            }
        }
        long count = 0;
        for (var part : parts.entrySet()) {
            count += part.getKey() == count ? file.info(part.getValue()).count() : Long.MIN_VALUE;
        }
        if (count <= 0 || count % samples != 0) {
            return Optional.empty();
        }
        int width = Math.toIntExact(count / samples);
        return Optional.of(sample -> read(file, parts, sample * width, width));
    }

    private static double[] read(SafetensorsFile file, NavigableMap<Long, String> parts, long from, int count) {
        var part = parts.floorEntry(from);
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.read(part.getValue(), (from - part.getKey()) * Float.BYTES, bytes);
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = bytes.getFloat(i * Float.BYTES);
        }
        return values;
    }
}
