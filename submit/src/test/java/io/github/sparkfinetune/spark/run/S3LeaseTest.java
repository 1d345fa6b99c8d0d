package io.github.sparkfinetune.spark.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.s3.FaultyS3;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests a lease on S3, where the last write wins. */
@Timeout(600)
class S3LeaseTest {
    private static final int RUNS = 4;

    @Test
    @Tag("full")
    void oneOfConcurrentRunsHoldsTheFolder() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(RUNS);
        try (FaultyS3 s3 = FaultyS3.start()) {
            s3.bucket("leases");
            Configuration hadoop = new Configuration();
            s3.settings().forEach(hadoop::set);
            // Slow requests interleave the runs' reads and writes.
            s3.inject(FaultyS3.Fault.SLOW, 2, (method, target) -> true);
            Path file = new Path("s3a://leases/dataset/_PREPARING");
            try (FileSystem files = FileSystem.newInstance(file.toUri(), hadoop)) {
                CyclicBarrier together = new CyclicBarrier(RUNS);
                Callable<Lease> run = () -> {
                    together.await();
                    return Lease.take(files, file, Lease.LENGTH, () -> {});
                };
                List<Lease> taken = new ArrayList<>();
                List<Throwable> refused = new ArrayList<>();
                for (Future<Lease> each : threads.invokeAll(List.of(run, run, run, run))) {
                    try {
                        taken.add(each.get());
                    } catch (ExecutionException e) {
                        refused.add(e.getCause());
                    }
                }

                assertThat(taken).singleElement().satisfies(lease -> {
                    assertThat(lease.renew()).isTrue();
                    assertThat(HadoopFiles.readText(files, file)).contains(lease.runId());
                });
                assertThat(refused)
                        .hasSize(RUNS - 1)
                        .allSatisfy(error -> assertThat(error)
                                .isInstanceOfSatisfying(
                                        RunException.class,
                                        held -> assertThat(held.exitCode()).isEqualTo(ExitCode.FAILED))
                                .hasMessageContaining("is being written by run"));

                // A lease that cannot be deleted remains as the lease of an ended run.
                s3.recover();
                s3.inject(FaultyS3.Fault.DENIED, 1, (method, target) -> method.equals("DELETE"));
                taken.get(0).release(false);
                assertThat(files.exists(file)).isTrue();
                Lease.take(files, file, Lease.LENGTH, () -> {}).release(true);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
