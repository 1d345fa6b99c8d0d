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
import java.util.Arrays;
import java.util.List;

/**
 * Writes rows that come as windows, each a sample.
 *
 * <p>Bytes of a row: 1 byte, 0 or the {@link DropReason#code} of a dropped row, which ends there. Then the row's JSON
 * in UTF-8, after 4 bytes of its length. Then for each window the token ids, token types, labels, offsets and the
 * answer, 4 bytes a number, each list after 4 bytes of its length. Numbers have the machine's byte order.
 */
public final class WindowSamples implements SampleSink {
    private static final int DROPPED = 0;
    private static final int HEAD = 1;

    private final SampleCounts counts;
    private final SampleOutput output;

    /** @param labels number of labels */
    public WindowSamples(SampleOutput output, int labels) {
        this.output = output;
        this.counts = new SampleCounts(labels, false);
    }

    /** Returns the bytes of a row that is in no sample. */
    public static byte[] dropped(DropReason reason) {
        byte[] row = new byte[HEAD];
        row[DROPPED] = (byte) reason.code();
        return row;
    }

    /** Returns the bytes of a row's windows. */
    public static byte[] bytes(List<Sample> windows) {
        byte[] json = windows.get(0).window().row().getBytes(StandardCharsets.UTF_8);
        int size = HEAD + Integer.BYTES + json.length;
        for (Sample window : windows) {
            for (int[] list : lists(window)) {
                size += Integer.BYTES * (1 + list.length);
            }
        }
        ByteBuffer row = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
        row.position(HEAD).putInt(json.length).put(json);
        for (Sample window : windows) {
            for (int[] list : lists(window)) {
                row.putInt(list.length).asIntBuffer().put(list);
                row.position(row.position() + Integer.BYTES * list.length);
            }
        }
        return row.array();
    }

    private static int[][] lists(Sample sample) {
        Window window = sample.window();
        return new int[][] {sample.inputIds(), sample.tokenTypeIds(), sample.labels(), window.offsets(), window.answer()
        };
    }

    private static List<Sample> windows(byte[] bytes) {
        ByteBuffer row = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        byte[] json = new byte[row.position(HEAD).getInt()];
        row.get(json);
        String text = new String(json, StandardCharsets.UTF_8);
        List<Sample> windows = new ArrayList<>();
        while (row.hasRemaining()) {
            int number = windows.size();
            // The index is the sample's place in the split, so the file does not store it.
            windows.add(new Sample(0, list(row), list(row), -1)
                    .withLabels(list(row))
                    .with(new Window(number, list(row), list(row), number == 0 ? text : "")));
        }
        return windows;
    }

    private static int[] list(ByteBuffer row) {
        int[] values = new int[row.getInt()];
        row.asIntBuffer().get(values);
        row.position(row.position() + Integer.BYTES * values.length);
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
            counts.sample(window, 0, labels(window));
        }
    }

    /** Returns the ids of the labels of a sample's tokens, each once. */
    static int[] labels(Sample window) {
        return Arrays.stream(window.labels())
                .filter(label -> label != Sample.IGNORED)
                .distinct()
                .toArray();
    }

    @Override
    public SampleCounts finish() {
        return counts;
    }
}
