package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Bytes on a connection of an exchange: they are frames within the limits, or an error of the connection. */
class FrameFuzzTest {

    static Stream<byte[]> frames() {
        return Stream.of(
                written(Frame.control(Frame.Kind.HEARTBEAT, 0, 7), Frame.control(Frame.Kind.GOODBYE, 0, 0)),
                written(
                        new Frame(Frame.Kind.CHUNK, 1, 0, 16, 1, new Frame.Part(64, 0, 0, 0)),
                        new Frame(Frame.Kind.CHUNK, 1, 0, 16, 1, new Frame.Part(64, 0, 0, 0))),
                written(new Frame(Frame.Kind.ABORT, 1, 1, 40, 0, Frame.Part.NONE)),
                written(new Frame(
                        Frame.Kind.CHUNK, 1, 0, ExchangeOperation.CHUNK, 1, new Frame.Part(Long.MAX_VALUE, 0, 0, 0))));
    }

    private static byte[] written(Frame... frames) {
        ByteBuffer all = ByteBuffer.allocate(1024);
        for (Frame frame : frames) {
            ByteBuffer header = ByteBuffer.allocate(Frame.BYTES);
            frame.write(header);
            all.put(header).put(new byte[Math.min(frame.length(), 100)]);
        }
        byte[] bytes = new byte[all.flip().remaining()];
        all.get(bytes);
        return bytes;
    }

    @MethodSource("frames")
    @FuzzTest(maxDuration = "")
    void readsFramesOrReportsAnError(byte[] sent) throws IOException {
        FrameCipher cipher = FrameCipher.opening(new byte[FrameCipher.KEY_BYTES]);
        assertThat(read(new SealedFrameReader(cipher), sent)).isZero();
        read(new PlainFrameReader(), sent);
    }

    /** Returns the number of frames before the end, or before the first bytes that are no frame. */
    private static int read(FrameReader reader, byte[] sent) throws IOException {
        int frames = 0;
        try (SocketChannel channel = Heard.by(sent)) {
            while (true) {
                Frame frame = reader.head();
                if (frame != null) {
                    frames++;
                    assertThat(frame.length()).isBetween(0, ExchangeOperation.CHUNK);
                    reader.body(ByteBuffer.allocate(frame.length()));
                } else if (reader.read(channel) < 0) {
                    return frames;
                }
            }
        } catch (IOException e) {
            assertThat(e).hasMessageMatching("it sent bytes that are no frame|the bytes on its connection .*");
            return frames;
        }
    }
}
