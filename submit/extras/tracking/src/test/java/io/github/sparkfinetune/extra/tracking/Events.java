package io.github.sparkfinetune.extra.tracking;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Reads event files as TensorBoard does. Shares no code with the writer, and computes checksums from the polynomial.
 */
final class Events {
    /** Value, or the {@code START} of a session, without a tag. */
    record Event(long step, String tag, float value) {}

    private Events() {}

    /**
     * Returns the events of all files of a folder, in the order of the files' names. The start of a session removes the
     * events that it replaces.
     */
    static List<Event> of(Path folder) throws IOException {
        List<Event> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                for (Event event : read(Files.readAllBytes(file))) {
                    if (event.tag() == null) {
                        all.removeIf(earlier -> earlier.step() >= event.step());
                    } else {
                        all.add(event);
                    }
                }
            }
        }
        return all;
    }

    private static List<Event> read(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            int start = bytes.position();
            int length = Math.toIntExact(bytes.getLong());
            require(bytes.getInt() == masked(file, start, 8), "checksum of a length");
            byte[] message = new byte[length];
            bytes.get(message);
            require(bytes.getInt() == masked(message, 0, length), "checksum of a message");
            event(ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN), start == 0, events);
        }
        return events;
    }

    private static void event(ByteBuffer bytes, boolean first, List<Event> events) {
        long step = 0;
        boolean version = false;
        while (bytes.hasRemaining()) {
            long key = varint(bytes);
            if (key == (1 << 3 | 1)) {
                require(bytes.getDouble() > 1e9, "wall_time");
            } else if (key == 2 << 3) {
                step = varint(bytes);
            } else if (key == (3 << 3 | 2)) {
                version = text(part(bytes)).equals("brain.Event:2");
            } else if (key == (5 << 3 | 2)) {
                ByteBuffer summary = part(bytes);
                while (summary.hasRemaining()) {
                    require(varint(summary) == (1 << 3 | 2), "a value");
                    ByteBuffer value = part(summary);
                    require(varint(value) == (1 << 3 | 2), "a tag");
                    String tag = text(part(value));
                    require(varint(value) == (2 << 3 | 5), "a simple_value");
                    events.add(new Event(step, tag, value.getFloat()));
                }
            } else {
                require(key == (7 << 3 | 2) && text(part(bytes)).equals("\b\1"), "START");
                events.add(new Event(step, null, 0));
            }
        }
        require(version == first, "the version is in the first event");
    }

    private static ByteBuffer part(ByteBuffer bytes) {
        int length = (int) varint(bytes);
        ByteBuffer part = bytes.slice(bytes.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.position(bytes.position() + length);
        return part;
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    private static long varint(ByteBuffer bytes) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = bytes.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    private static int masked(byte[] bytes, int from, int length) {
        int crc = -1;
        for (int i = from; i < from + length; i++) {
            crc ^= bytes[i] & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82f63b78);
            }
        }
        return ((~crc >>> 15) | (~crc << 17)) + 0xa282ead8;
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("wrong: " + what);
        }
    }
}
