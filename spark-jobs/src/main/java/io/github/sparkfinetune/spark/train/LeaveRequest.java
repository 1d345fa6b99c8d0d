package io.github.sparkfinetune.spark.train;

import org.apache.spark.SparkEnv;
import org.apache.spark.rpc.RpcCallContext;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.rpc.ThreadSafeRpcEndpoint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.PartialFunction;
import scala.runtime.AbstractPartialFunction;
import scala.runtime.BoxedUnit;

/**
 * Request of the driver to all ranks of a job to save a checkpoint after the step in progress and to leave. Rank 0 asks
 * for it by Spark's RPC ({@link LeavePoll}), which every executor can reach and which is encrypted as Spark's other
 * messages are.
 */
final class LeaveRequest implements ThreadSafeRpcEndpoint, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaveRequest.class);

    private final RpcEnv rpc = SparkEnv.get().rpcEnv();
    private final RpcEndpointRef reference;
    private volatile boolean asked;

    /** @param job random id of the job */
    LeaveRequest(String job) {
        reference = rpc.setupEndpoint(name(job), this);
    }

    static String name(String job) {
        return "spark-finetune-" + job;
    }

    /** Asks the ranks to leave. */
    void ask(String why) {
        if (!asked) {
            LOG.warn("{}: the ranks save a checkpoint and leave", why);
            asked = true;
        }
    }

    boolean isAsked() {
        return asked;
    }

    @Override
    public RpcEnv rpcEnv() {
        return rpc;
    }

    @Override
    public PartialFunction<Object, BoxedUnit> receiveAndReply(RpcCallContext context) {
        return new AbstractPartialFunction<>() {
            @Override
            public boolean isDefinedAt(Object question) {
                return LeavePoll.QUESTION.equals(question);
            }

            @Override
            public BoxedUnit apply(Object question) {
                context.reply(asked);
                return BoxedUnit.UNIT;
            }
        };
    }

    @Override
    public void close() {
        rpc.stop(reference);
    }
}
