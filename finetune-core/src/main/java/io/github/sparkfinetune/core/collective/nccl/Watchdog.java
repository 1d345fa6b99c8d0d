package io.github.sparkfinetune.core.collective.nccl;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Thread that ends a communicator whose operations hang. NCCL itself waits for a lost rank for ever. The thread waits
 * while there is no operation.
 */
final class Watchdog implements Runnable {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** Time within which the exchange notices the loss of a rank whose connection to NCCL broke. */
    private static final long NOTICE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long PARTING_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Communicator communicator;
    private final Collective exchange;
    private final Thread thread;

    Watchdog(Communicator communicator, Collective exchange) {
        this.communicator = communicator;
        this.exchange = exchange;
        this.thread = new Thread(this, "nccl-" + exchange.rank());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    @Override
    public void run() {
        try {
            while (communicator.awaitOperation()) {
                if (communicator.isComputing()) {
                    // Others may wait for this rank meanwhile, because its operation has a deadline.
                    exchange.progressed();
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        } catch (NcclException e) {
            communicator.fail(named(e));
        } catch (InterruptedException e) {
            communicator.fail(communicator.lost("the thread that watches NCCL was interrupted", e));
        } catch (RuntimeException e) {
            communicator.fail(e);
        }
    }

    /** Returns the loss that the exchange reports, if it does so soon; it names the lost rank. */
    private RuntimeException named(NcclException error) {
        long deadline = System.nanoTime() + NOTICE_NANOS;
        while (System.nanoTime() < deadline) {
            try {
                exchange.progressed();
            } catch (LostRankException e) {
                return e;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return error;
    }

    /** Waits for the end of the thread, once the communicator is closed. */
    void join() {
        boolean interrupted = false;
        long deadline = System.nanoTime() + PARTING_NANOS;
        while (thread.isAlive() && System.nanoTime() < deadline) {
            try {
                thread.join(TimeUnit.NANOSECONDS.toMillis(PARTING_NANOS));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
