package io.github.sparkfinetune.data.task.retrieval;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Makes samples of lists of texts, each a document of the sample. Bytes of a row: 1 byte, 1 if tokens were cut off; 4
 * bytes of the number of targets and 8 bytes of each; 4 bytes of the number of texts and 4 bytes of each one's number
 * of tokens; for each token 4 bytes of its id and 1 byte of its type; the rest is the sample's {@code row} in UTF-8.
 */
final class TextListSamples implements SampleSink {
    private final SampleCounts counts = new SampleCounts(0, false);
    private final SampleOutput output;
    private final boolean rivals;

    /** @param rivals whether the second text of a sample is compared with the first texts of the others */
    TextListSamples(SampleOutput output, boolean rivals) {
        this.output = output;
        this.rivals = rivals;
    }

    /** Refuses a row with a text without tokens. */
    static void requireTokens(List<Encoded> texts, String key, String file) {
        if (texts.stream().anyMatch(text -> text.inputIds().length == 0)) {
            throw RunException.data(key + ": " + file + " has a text that gives no token: remove it");
        }
    }

    /**
     * Returns the bytes of a row.
     *
     * @param shown the sample's {@code row}, or no text
     */
    static byte[] bytes(List<Encoded> texts, List<Double> targets, String shown) {
        int tokens = texts.stream().mapToInt(text -> text.inputIds().length).sum();
        byte[] utf8 = shown.getBytes(StandardCharsets.UTF_8);
        ByteBuffer row = ByteBuffer.allocate(
                1 + Integer.BYTES * (2 + texts.size() + tokens) + Double.BYTES * targets.size() + tokens + utf8.length);
        row.put((byte) (texts.stream().anyMatch(Encoded::truncated) ? 1 : 0)).putInt(targets.size());
        targets.forEach(row::putDouble);
        row.putInt(texts.size());
        texts.forEach(text -> row.putInt(text.inputIds().length));
        for (Encoded text : texts) {
            for (int i = 0; i < text.inputIds().length; i++) {
                row.putInt(text.inputIds()[i]).put((byte) text.tokenTypeIds()[i]);
            }
        }
        return row.put(utf8).array();
    }

    /** Returns texts as one sample. */
    static Sample sample(List<Encoded> texts, double... targets) {
        IntBuffer ids = IntBuffer.allocate(
                texts.stream().mapToInt(text -> text.inputIds().length).sum());
        IntBuffer types = IntBuffer.allocate(ids.capacity());
        texts.forEach(text -> {
            ids.put(text.inputIds());
            types.put(text.tokenTypeIds());
        });
        int[] lengths = texts.stream().mapToInt(text -> text.inputIds().length).toArray();
        return new Sample(0, ids.array(), types.array(), -1, new int[0], lengths, targets, Window.WHOLE);
    }

    @Override
    public void add(byte[] row, String stratum) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(row);
        boolean truncated = bytes.get() != 0;
        double[] targets = new double[bytes.getInt()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = bytes.getDouble();
        }
        int[] lengths = new int[bytes.getInt()];
        int tokens = 0;
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = bytes.getInt();
            tokens += lengths[i];
        }
        int[] ids = new int[tokens];
        int[] types = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            ids[i] = bytes.getInt();
            types[i] = bytes.get();
        }
        String shown = StandardCharsets.UTF_8.decode(bytes).toString();
        Window whole = shown.isEmpty() ? Window.WHOLE : new Window(0, new int[0], new int[0], shown);
        Sample sample = new Sample(0, ids, types, -1, new int[0], lengths, targets, whole);
        output.write(sample);
        counts.row(truncated);
        counts.sample(sample, 0);
        if (rivals && lengths.length > 1) {
            counts.rival(Arrays.hashCode(Arrays.copyOfRange(ids, lengths[0], lengths[0] + lengths[1])));
        }
    }

    @Override
    public SampleCounts finish() {
        return counts;
    }
}
