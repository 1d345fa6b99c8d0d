package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes of tensors at one step. One thread reads them once and in order while another thread trains. The bytes are read
 * from the tensors' own memory until the training is about to change it; the unread rest then goes to a file on this
 * machine's disk. So a snapshot takes no memory, and nothing is copied if writing is as fast as a training step.
 *
 * <p>The tensors' memory is accessed only under this object's lock: after {@link #close} no thread reads it.
 */
final class Snapshot implements AutoCloseable {
    private static final int CHUNK = 1 << 20;

    /** Unread bytes in the tensors' memory. */
    private final Deque<ByteBuffer> live = new ArrayDeque<>();

    /** File with the unread bytes, or null while they are in the tensors' memory. */
    private FileChannel file;

    private final AtomicLong written = new AtomicLong();
    private long fileAt;
    private long fileEnd;
    private boolean closed;

    private Snapshot() {}

    /** Returns a snapshot of tensors whose data is their own memory. */
    static Snapshot inPlace(List<TensorData> tensors) throws IOException {
        Snapshot snapshot = new Snapshot();
        for (TensorData tensor : tensors) {
            tensor.writeTo(bytes -> snapshot.live.add(bytes.duplicate()));
        }
        return snapshot;
    }

    /**
     * Returns a snapshot of tensors whose data is a buffer that the next tensor's data overwrites. All bytes go to the
     * file at once.
     */
    static Snapshot copied(List<TensorData> tensors, FileChannel file) throws IOException {
        Snapshot snapshot = new Snapshot();
        long[] at = {0};
        for (TensorData tensor : tensors) {
            tensor.writeTo(bytes -> at[0] = write(file, bytes.duplicate(), at[0]));
        }
        snapshot.readFrom(file, at[0]);
        return snapshot;
    }

    private static long write(FileChannel file, ByteBuffer bytes, long from) throws IOException {
        long at = from;
        while (bytes.hasRemaining()) {
            at += file.write(bytes, at);
        }
        return at;
    }

    private void readFrom(FileChannel copy, long end) {
        file = copy;
        fileEnd = end;
        live.clear();
    }

    /** Returns whether the tensors' memory is no longer needed. */
    synchronized boolean isDetached() {
        return closed || live.isEmpty();
    }

    /**
     * Copies the unread bytes, so that the tensors may change.
     *
     * @throws IOException if the disk is full; the tensors must not change then
     */
    synchronized void detach(FileChannel copy) throws IOException {
        if (isDetached()) {
            return;
        }
        long end = 0;
        for (ByteBuffer bytes : live) {
            end = write(copy, bytes.duplicate(), end);
        }
        readFrom(copy, end);
    }

    /**
     * Waits until the tensors may change, because all bytes were read or the snapshot was closed.
     *
     * @return false if the time runs out first
     */
    synchronized boolean awaitRead(long millis) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long remaining = deadline - System.nanoTime();
                !isDetached() && remaining > 0;
                remaining = deadline - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, remaining);
        }
        return isDetached();
    }

    /** Returns the number of tensor bytes written so far. */
    long written() {
        return written.get();
    }

    /** Writes the next tensors as a safetensors file. */
    void write(CheckpointOutput out, List<TensorData> tensors) throws IOException {
        out.write(SafetensorsWriter.header(tensors, SafetensorsWriter.PT));
        byte[] chunk = new byte[CHUNK];
        long remaining = tensors.stream().mapToLong(TensorData::byteSize).sum();
        while (remaining > 0) {
            int length = (int) Math.min(chunk.length, remaining);
            int count = out.isDirect() ? writeLive(out, length) : 0;
            if (count == 0) {
                count = read(chunk, length);
                out.write(chunk, 0, count);
            }
            remaining -= count;
            written.addAndGet(count);
        }
    }

    /** Writes the next bytes from the tensors' memory. Returns their number; 0 if they are not there any more. */
    private synchronized int writeLive(CheckpointOutput out, int atMost) throws IOException {
        if (closed || file != null) {
            return 0;
        }
        ByteBuffer first = nextLive();
        int length = Math.min(atMost, first.remaining());
        out.write(first.slice(first.position(), length));
        first.position(first.position() + length);
        forgetRead();
        return length;
    }

    private ByteBuffer nextLive() {
        while (!live.getFirst().hasRemaining()) {
            live.removeFirst();
        }
        return live.getFirst();
    }

    private void forgetRead() {
        while (!live.isEmpty() && !live.getFirst().hasRemaining()) {
            live.removeFirst();
        }
        if (live.isEmpty()) {
            notifyAll();
        }
    }

    private synchronized int read(byte[] chunk, int atMost) throws IOException {
        if (closed) {
            throw new IOException("the training ended before the checkpoint was written");
        }
        if (file != null) {
            int length = file.read(ByteBuffer.wrap(chunk, 0, (int) Math.min(atMost, fileEnd - fileAt)), fileAt);
            fileAt += length;
            return length;
        }
        ByteBuffer first = nextLive();
        int length = Math.min(atMost, first.remaining());
        first.get(chunk, 0, length);
        forgetRead();
        return length;
    }

    /** Ends the reading. */
    @Override
    public synchronized void close() {
        closed = true;
        live.clear();
        notifyAll();
    }
}
