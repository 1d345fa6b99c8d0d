package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.Window;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the windows of questions, which come as samples.
 *
 * <p>A row travels as: 1 byte left to the caller, 1 byte of the {@link DropReason#code} (then it ends there) or 0; the
 * row's JSON in UTF-8, after 4 bytes of its length; then each window: 4 bytes of the number of tokens, 4 bytes an id, 1
 * byte a token type, 8 bytes an offset (begin and end), and 8 bytes of the answer's first and last token; numbers in
 * the machine's byte order.
 */
final class WindowSamples implements SampleSink {
    private static final int DROPPED = 1;
    private static final int HEAD = 2;
    private static final int TOKEN_BYTES = 3 * Integer.BYTES + 1;
    private static final int WINDOW_BYTES = 3 * Integer.BYTES;

    private final SampleCounts counts = new SampleCounts(0, false);
    private final SampleOutput output;

    WindowSamples(SampleOutput output) {
        this.output = output;
    }

    /** A row that is in no sample, as it travels. */
    static byte[] dropped(DropReason reason) {
        byte[] row = new byte[HEAD];
        row[DROPPED] = (byte) reason.code();
        return row;
    }

    /** The windows of a row, as they travel. */
    static byte[] bytes(List<Sample> windows) {
        byte[] json = windows.get(0).window().row().getBytes(StandardCharsets.UTF_8);
        int size = HEAD + Integer.BYTES + json.length;
        for (Sample window : windows) {
            size += WINDOW_BYTES + TOKEN_BYTES * window.length();
        }
        ByteBuffer row = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
        row.position(HEAD).putInt(json.length).put(json);
        for (Sample window : windows) {
            row.putInt(window.length());
            put(row, window.inputIds());
            for (int type : window.tokenTypeIds()) {
                row.put((byte) type);
            }
            put(row, window.window().offsets());
            put(row, window.window().answer());
        }
        return row.array();
    }

    private static void put(ByteBuffer row, int[] values) {
        for (int value : values) {
            row.putInt(value);
        }
    }

    private static List<Sample> windows(byte[] bytes) {
        ByteBuffer row = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        byte[] json = new byte[row.position(HEAD).getInt()];
        row.get(json);
        String text = new String(json, StandardCharsets.UTF_8);
        List<Sample> windows = new ArrayList<>();
        while (row.hasRemaining()) {
            int tokens = row.getInt();
            int[] ids = ints(row, tokens);
            int[] types = new int[tokens];
            for (int i = 0; i < tokens; i++) {
                types[i] = row.get();
            }
            int number = windows.size();
            Window window = new Window(number, ints(row, 2 * tokens), ints(row, 2), number == 0 ? text : "");
            windows.add(new Sample(0, ids, types, -1).with(window));
        }
        return windows;
    }

    private static int[] ints(ByteBuffer row, int size) {
        int[] values = new int[size];
        for (int i = 0; i < size; i++) {
            values[i] = row.getInt();
        }
        return values;
    }

    @Override
    public void add(byte[] row, String stratum) throws IOException {
        if (row[DROPPED] != 0) {
            counts.droppedRow(DropReason.of(row[DROPPED]));
            return;
        }
        counts.row(false);
        for (Sample window : windows(row)) {
            output.write(window);
            counts.sample(window, 0);
        }
    }

    @Override
    public SampleCounts finish() {
        return counts;
    }
}
