package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * The tokens that stand for a teacher's distributions ({@code io.github.sparkfinetune.core.objective.TokenClasses}), K
 * for each token with a label. The samples [FROM, TO) of a split are in three tensors. T is the number of their tokens
 * with a label:
 *
 * <ul>
 *   <li>{@code SPLIT.ends[FROM:TO]}, I64 [samples]: index after the last token of each sample among the T tokens
 *   <li>{@code SPLIT.ids[FROM:TO]}, I32 [T, K]: ids of the tokens
 *   <li>{@code SPLIT.log_weights[FROM:TO]}, F16 [T, K]: logarithms of their weights in nats, at the temperature
 * </ul>
 *
 * <p>A token takes 6 K bytes, for K = 64 these are 384. F16 rounds a logarithm by at most 1 in 2048, so a weight
 * changes by less than 2e-4.
 *
 * @param count number of tokens K
 */
record ReferenceTokens(int count) implements ReferenceLayout {
    private static final String ENDS = ".ends";
    private static final String IDS = ".ids";
    private static final String LOG_WEIGHTS = ".log_weights";

    @Override
    public Encoder encoder() {
        return new Tokens();
    }

    private final class Tokens implements Encoder {
        private final ByteArrayOutputStream ends = new ByteArrayOutputStream();
        private final ByteArrayOutputStream ids = new ByteArrayOutputStream();
        private final ByteArrayOutputStream logWeights = new ByteArrayOutputStream();
        private long tokens;

        @Override
        public void add(double[] values) {
            int width = 2 * count;
            int added = values.length / width;
            if (values.length % width != 0) {
                throw new IllegalArgumentException(values.length + " values for classes of " + count + " tokens");
            }
            tokens += added;
            byte[] end = new byte[Long.BYTES];
            littleEndian(end).putLong(tokens);
            ends.writeBytes(end);
            byte[] addedIds = new byte[added * count * Integer.BYTES];
            byte[] addedLogWeights = new byte[added * count * Short.BYTES];
            ByteBuffer ofIds = littleEndian(addedIds);
            ByteBuffer ofLogWeights = littleEndian(addedLogWeights);
            for (int i = 0; i < values.length; i++) {
                if (i % width < count) {
                    ofIds.putInt((int) values[i]);
                } else {
                    ofLogWeights.putShort(HalfFloat.toF16((float) values[i]));
                }
            }
            ids.writeBytes(addedIds);
            logWeights.writeBytes(addedLogWeights);
        }

        @Override
        public long bytes() {
            return (long) ends.size() + ids.size() + logWeights.size();
        }

        @Override
        public List<TensorData> tensors(Stretch stretch) {
            return List.of(
                    tensor(stretch, ENDS, TensorType.I64, ends, stretch.size()),
                    tensor(stretch, IDS, TensorType.I32, ids, tokens, count),
                    tensor(stretch, LOG_WEIGHTS, TensorType.F16, logWeights, tokens, count));
        }

        private static TensorData tensor(
                Stretch stretch, String ending, TensorType type, ByteArrayOutputStream bytes, long... shape) {
            return TensorData.of(name(stretch, ending), type, shape, ByteBuffer.wrap(bytes.toByteArray()));
        }
    }

    private static String name(Stretch stretch, String ending) {
        return new TensorRange(stretch.split() + ending, stretch.from(), stretch.to()).name();
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public Optional<Stretch> stretch(SafetensorsFile file) {
        return file.names().stream()
                .map(TensorRange::ofName)
                .filter(range -> range.tensor().endsWith(ENDS) && range.from() < range.to())
                .map(range -> new Stretch(
                        range.tensor().substring(0, range.tensor().length() - ENDS.length()), range.from(), range.to()))
                .filter(stretch -> file.names()
                        .equals(Set.of(name(stretch, ENDS), name(stretch, IDS), name(stretch, LOG_WEIGHTS))))
                .filter(stretch -> file.info(name(stretch, ENDS)).count() == stretch.size()
                        && file.info(name(stretch, IDS)).shape()[1] == count)
                .findFirst();
    }

    @Override
    public Optional<LongFunction<double[]>> values(SafetensorsFile file, String split, long samples) {
        NavigableMap<Long, Stretch> parts = new TreeMap<>();
        for (String name : file.names()) {
            TensorRange range = TensorRange.ofName(name);
            if (range.tensor().equals(split + ENDS)) {
                parts.put(range.from(), new Stretch(split, range.from(), range.to()));
            }
        }
        long known = 0;
        for (Stretch part : parts.values()) {
            known = part.from() == known ? part.to() : Long.MIN_VALUE;
        }
        return known == samples
                ? Optional.of(sample -> read(file, parts.floorEntry(sample).getValue(), sample))
                : Optional.empty();
    }

    private double[] read(SafetensorsFile file, Stretch part, long sample) {
        long at = sample - part.from();
        ByteBuffer ends = littleEndian(new byte[(at == 0 ? 1 : 2) * Long.BYTES]);
        file.read(name(part, ENDS), Math.max(0, at - 1) * Long.BYTES, ends);
        long begin = at == 0 ? 0 : ends.getLong(0);
        int tokens = Math.toIntExact(ends.getLong(ends.capacity() - Long.BYTES) - begin);
        ByteBuffer ids = littleEndian(new byte[tokens * count * Integer.BYTES]);
        ByteBuffer logWeights = littleEndian(new byte[tokens * count * Short.BYTES]);
        if (tokens > 0) {
            file.read(name(part, IDS), begin * count * Integer.BYTES, ids);
            file.read(name(part, LOG_WEIGHTS), begin * count * Short.BYTES, logWeights);
        }
        int width = 2 * count;
        double[] values = new double[tokens * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % width < count ? ids.getInt() : HalfFloat.fromF16(logWeights.getShort());
        }
        return values;
    }
}
