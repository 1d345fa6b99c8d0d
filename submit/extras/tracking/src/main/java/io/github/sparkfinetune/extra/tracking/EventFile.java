package io.github.sparkfinetune.extra.tracking;

import io.github.sparkfinetune.data.files.GrowingFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Event file of TensorBoard: records in the frames of TensorFlow's {@code TFRecord}, one message {@code Event} each.
 *
 * <pre>
 * record  = length (8 bytes, little-endian), masked CRC-32C of these 8, message, masked CRC-32C of the message
 * masked  = ((crc &gt;&gt;&gt; 15) | (crc &lt;&lt; 17)) + 0xa282ead8
 * Event   = 1: wall_time (double, seconds), 2: step (int64), one of 3: file_version, 5: Summary, 7: SessionLog
 * Summary = 1: Value (repeated); Value = 1: tag, 2: simple_value (float);  SessionLog = 1: status (1: START)
 * </pre>
 *
 * The numbers of the fields are those of TensorFlow's {@code event.proto} and {@code summary.proto}. The only Java
 * library for these messages is all of TensorFlow, and only a few fields are needed, so this class writes them itself.
 */
final class EventFile implements AutoCloseable {
    private static final String VERSION = "brain.Event:2";
    private static final int MASK = 0xa282ead8;
    private static final int START = 1;

    private final GrowingFile file;

    /** Creates a file. */
    EventFile(GrowingFile file, double seconds) throws IOException {
        this.file = file;
        write(new Message().number(1, seconds).text(3, VERSION));
    }

    /** Marks that events of earlier files from this step on are no longer valid. */
    void startAt(long step, double seconds) throws IOException {
        write(new Message().number(1, seconds).whole(2, step).message(7, new Message().whole(1, START)));
    }

    /** Writes the values at a step, by tag. */
    void add(long step, double seconds, Map<String, Double> values) throws IOException {
        Message summary = new Message();
        values.forEach(
                (tag, value) -> summary.message(1, new Message().text(1, tag).number(2, value.floatValue())));
        write(new Message().number(1, seconds).whole(2, step).message(5, summary));
        file.flush();
    }

    private void write(Message message) throws IOException {
        byte[] bytes = message.out.toByteArray();
        byte[] length = little(8).putLong(bytes.length).array();
        file.write(length);
        file.write(little(4).putInt(masked(length)).array());
        file.write(bytes);
        file.write(little(4).putInt(masked(bytes)).array());
    }

    private static int masked(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Protocol Buffers message. */
    private static final class Message {
        private static final int VARINT = 0;
        private static final int FIXED_64 = 1;
        private static final int BYTES = 2;
        private static final int FIXED_32 = 5;

        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message whole(int field, long value) {
            varint(field << 3 | VARINT);
            varint(value);
            return this;
        }

        Message number(int field, double value) {
            varint(field << 3 | FIXED_64);
            out.writeBytes(little(8).putDouble(value).array());
            return this;
        }

        Message number(int field, float value) {
            varint(field << 3 | FIXED_32);
            out.writeBytes(little(4).putFloat(value).array());
            return this;
        }

        Message text(int field, String value) {
            return bytes(field, value.getBytes(StandardCharsets.UTF_8));
        }

        Message message(int field, Message value) {
            return bytes(field, value.out.toByteArray());
        }

        private Message bytes(int field, byte[] value) {
            varint(field << 3 | BYTES);
            varint(value.length);
            out.writeBytes(value);
            return this;
        }

        private void varint(long value) {
            long left = value;
            while ((left & ~0x7fL) != 0) {
                out.write((int) ((left & 0x7f) | 0x80));
                left >>>= 7;
            }
            out.write((int) left);
        }
    }
}
