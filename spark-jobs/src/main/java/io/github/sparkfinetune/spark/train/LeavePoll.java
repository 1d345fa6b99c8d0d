package io.github.sparkfinetune.spark.train;

import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.util.RpcUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Asks the driver in the process of rank 0 whether the ranks must leave ({@link LeaveRequest}). */
final class LeavePoll implements AutoCloseable {
    static final String QUESTION = "do the ranks leave?";

    private static final Logger LOG = LoggerFactory.getLogger(LeavePoll.class);
    private static final long POLL_MILLIS = 500;

    private final String job;
    private final Thread thread;
    private volatile boolean asked;

    /**
     * @param job id of the job, as the driver's
     * @param rank number of the rank; only rank 0 asks, because the others leave with it
     */
    LeavePoll(String job, int rank) {
        this.job = job;
        thread = new Thread(this::poll, "leave-poll");
        thread.setDaemon(true);
        if (rank == 0) {
            thread.start();
        }
    }

    private void poll() {
        ClassTag<Boolean> type = ClassTag$.MODULE$.apply(Boolean.class);
        SparkEnv env = SparkEnv.get();
        RpcEndpointRef driver = null;
        boolean warned = false;
        while (!asked) {
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
                if (driver == null) {
                    driver = RpcUtils.makeDriverRef(LeaveRequest.name(job), env.conf(), env.rpcEnv());
                }
                asked = driver.askSync(QUESTION, type);
            } catch (Exception e) {
                // Scala's code throws checked exceptions that it does not declare.
                if (e instanceof InterruptedException || Thread.currentThread().isInterrupted()) {
                    return;
                }
                if (!warned) {
                    LOG.warn("the driver does not answer whether ranks must leave: {}", e.toString());
                    warned = true;
                }
            }
        }
    }

    /** Returns whether the driver has asked the ranks to leave. */
    boolean isAsked() {
        return asked;
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
