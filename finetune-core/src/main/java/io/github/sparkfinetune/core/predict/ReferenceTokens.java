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
 * The classes of a teacher ({@code io.github.sparkfinetune.core.objective.TokenClasses}) for each token with a label.
 * The samples [FROM, TO) of a split are in three tensors. T is the number of their tokens with a label, K of the
 * classes that are one token:
 *
 * <ul>
 *   <li>{@code SPLIT.ends[FROM:TO]}, I64 [samples]: index after the last token of each sample among the T tokens
 *   <li>{@code SPLIT.ids[FROM:TO]}, I32 [T, K]: ids of the likeliest tokens
 *   <li>{@code SPLIT.log_probs[FROM:TO]}, F16 [T, K + 1]: log-probabilities in nats at the temperature, the last that
 *       of all other tokens
 * </ul>
 *
 * <p>A token takes 6 K + 2 bytes, for 64 classes 386. F16 rounds a log-probability by at most 1 in 2048, so a
 * probability changes by less than 2e-4.
 *
 * @param count number of classes that are one token K
 */
record ReferenceTokens(int count) implements ReferenceLayout {
    private static final String ENDS = ".ends";
    private static final String IDS = ".ids";
    private static final String LOG_PROBS = ".log_probs";

    @Override
    public Encoder encoder() {
        return new Tokens();
    }

    private final class Tokens implements Encoder {
        private final ByteArrayOutputStream ends = new ByteArrayOutputStream();
        private final ByteArrayOutputStream ids = new ByteArrayOutputStream();
        private final ByteArrayOutputStream logProbs = new ByteArrayOutputStream();
        private long tokens;

        @Override
        public void add(double[] values) {
            int width = 2 * count + 1;
            int added = values.length / width;
            if (values.length % width != 0) {
                throw new IllegalArgumentException(values.length + " values for classes of " + count + " tokens");
            }
            tokens += added;
            byte[] end = new byte[Long.BYTES];
            littleEndian(end).putLong(tokens);
            ends.writeBytes(end);
            byte[] addedIds = new byte[added * count * Integer.BYTES];
            byte[] addedLogProbs = new byte[added * (count + 1) * Short.BYTES];
            ByteBuffer ofIds = littleEndian(addedIds);
            ByteBuffer ofLogProbs = littleEndian(addedLogProbs);
            for (int i = 0; i < values.length; i++) {
                if (i % width < count) {
                    ofIds.putInt((int) values[i]);
                } else {
                    ofLogProbs.putShort(HalfFloat.toF16((float) values[i]));
                }
            }
            ids.writeBytes(addedIds);
            logProbs.writeBytes(addedLogProbs);
        }

        @Override
        public long bytes() {
            return (long) ends.size() + ids.size() + logProbs.size();
        }

        @Override
        public List<TensorData> tensors(Stretch stretch) {
            return List.of(
                    tensor(stretch, ENDS, TensorType.I64, ends, stretch.size()),
                    tensor(stretch, IDS, TensorType.I32, ids, tokens, count),
                    tensor(stretch, LOG_PROBS, TensorType.F16, logProbs, tokens, count + 1L));
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
                .filter(stretch ->
                        file.names().equals(Set.of(name(stretch, ENDS), name(stretch, IDS), name(stretch, LOG_PROBS))))
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
        ByteBuffer logProbs = littleEndian(new byte[tokens * (count + 1) * Short.BYTES]);
        if (tokens > 0) {
            file.read(name(part, IDS), begin * count * Integer.BYTES, ids);
            file.read(name(part, LOG_PROBS), begin * (count + 1) * Short.BYTES, logProbs);
        }
        int width = 2 * count + 1;
        double[] values = new double[tokens * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % width < count ? ids.getInt() : HalfFloat.fromF16(logProbs.getShort());
        }
        return values;
    }
}
