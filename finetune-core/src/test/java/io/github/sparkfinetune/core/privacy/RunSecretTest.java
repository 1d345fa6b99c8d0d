package io.github.sparkfinetune.core.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunSecretTest {
    private static final int RANKS = 3;

    @TempDir
    private Path dir;

    /** Everything that a reader of the network sees. */
    private final ByteArrayOutputStream wire = new ByteArrayOutputStream();

    private final byte[][] gathered = new byte[RANKS][];
    private final CyclicBarrier barrier = new CyclicBarrier(RANKS);

    private Collective rank(int rank) {
        return new ForwardingCollective(null) {
            @Override
            public int rank() {
                return rank;
            }

            @Override
            public int size() {
                return RANKS;
            }

            @Override
            public byte[][] allGather(byte[] own) {
                synchronized (wire) {
                    wire.writeBytes(own);
                    gathered[rank] = own;
                }
                await();
                byte[][] all = gathered.clone();
                await();
                return all;
            }
        };
    }

    private void await() {
        try {
            barrier.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<byte[]> secrets() throws Exception {
        org.apache.hadoop.fs.Path file =
                new org.apache.hadoop.fs.Path(dir.resolve("privacy.key").toUri());
        List<Callable<byte[]>> ranks = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            Collective collective = rank(rank);
            ranks.add(() -> RunSecret.of(file, false, new Configuration(), collective));
        }
        ExecutorService threads = Executors.newFixedThreadPool(RANKS);
        try {
            List<byte[]> secrets = new ArrayList<>();
            for (Future<byte[]> secret : threads.invokeAll(ranks, 120, TimeUnit.SECONDS)) {
                secrets.add(secret.get());
            }
            return secrets;
        } finally {
            threads.shutdownNow();
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void allRanksHaveTheSecretAndTheNetworkNoneOfIt() throws Exception {
        List<byte[]> secrets = secrets();

        byte[] kept = Files.readAllBytes(dir.resolve("privacy.key"));
        assertThat(kept).hasSize(32);
        assertThat(secrets)
                .hasSize(RANKS)
                .allSatisfy(secret -> assertThat(secret).isEqualTo(kept));
        for (int from = 0; from + 8 <= kept.length; from++) {
            assertThat(text(wire.toByteArray())).doesNotContain(text(kept).substring(from, from + 8));
        }
    }

    @Test
    void anotherStartReadsTheSameSecretUnderOtherKeys() throws Exception {
        byte[] first = secrets().get(1);
        String seen = text(wire.toByteArray());
        wire.reset();

        assertThat(secrets()).allSatisfy(secret -> assertThat(secret).isEqualTo(first));
        assertThat(text(wire.toByteArray())).hasSameSizeAs(seen).isNotEqualTo(seen);
    }
}
