package io.github.sparkfinetune.spark.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.ClusterConfig.CollectiveChoice;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import io.github.sparkfinetune.core.collective.address.RankOrder;
import io.github.sparkfinetune.core.collective.exchange.ExchangeTimeouts;
import io.github.sparkfinetune.core.collective.exchange.TcpExchange;
import io.github.sparkfinetune.core.collective.nccl.NcclRanks;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.ExchangeNetwork;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import io.github.sparkfinetune.spark.cluster.Placement;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/**
 * Rank as a barrier task. The hosts of the tasks decide the rank's number ({@link RankOrder}).
 *
 * <p>The ranks meet twice through Spark. Before the work they exchange their addresses and the checkpoint to resume
 * from. After the work they agree on the consequence. A rank that fails with its own error closes its connections, and
 * its peers then fail with a lost rank. Only the second meeting decides whether the stage is repeated or the run ends.
 * Every rank comes to both meetings, even after an error. A rank alone meets nobody.
 */
final class RankTask extends AbstractFunction1<Iterator<Integer>, Iterator<RankOutcome>> implements Serializable {
    private static final Logger LOG = LoggerFactory.getLogger(RankTask.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RunConfig config;
    private final RankBody body;
    private final SerializableConfiguration hadoop;
    private final RecordAccumulator records;
    private final Job job;
    private final Placement placement;

    /**
     * Job of a run. A run has several jobs if its ranks move to other executors.
     *
     * @param number number of jobs of the run before this one
     * @param id random id from the driver
     * @param secret random secret from the driver; a process that knows the secret may join the exchange
     */
    record Job(int number, String id, byte[] secret) implements Serializable {
        /** More than Spark's attempts at a stage. */
        private static final int ATTEMPTS = 1_000_000;

        private static final int ID_BYTES = 8;
        private static final int SECRET_BYTES = 32;

        static Job draw(int number, SecureRandom random) {
            byte[] id = new byte[ID_BYTES];
            byte[] secret = new byte[SECRET_BYTES];
            random.nextBytes(id);
            random.nextBytes(secret);
            return new Job(number, HexFormat.of().formatHex(id), secret);
        }

        /** Returns the number of an attempt, above those of earlier jobs. */
        int attempt(BarrierTaskContext context) {
            return number * ATTEMPTS + context.stageAttemptNumber();
        }
    }

    /**
     * Message of a rank to its peers before the work.
     *
     * @param address address where the rank listens, or null if it cannot take part
     * @param resumeFrom checkpoint to resume from, or null; only the first task's value is used
     * @param executor Spark's id of the rank's executor
     */
    record Greeting(String address, String resumeFrom, String executor) {}

    /**
     * Message of a rank to its peers after the work.
     *
     * @param rank number of the rank, or of its task if the ranks were not numbered
     * @param kind consequence for the run
     * @param message one line about the error, or null
     * @param consequence whether the rank only lost a peer
     */
    record Ending(int rank, RankOutcome.Kind kind, String message, boolean consequence) {
        static Ending of(RankOutcome outcome, Throwable error) {
            return new Ending(outcome.rank(), outcome.kind(), outcome.message(), error instanceof LostRankException);
        }

        /** Returns the message of the rank that made the stage fail, or null if the stage did not fail. */
        static Ending root(List<Ending> all) {
            Ending first = null;
            for (Ending ending : all) {
                if (ending.kind() == RankOutcome.Kind.RETRY) {
                    if (!ending.consequence()) {
                        return ending;
                    }
                    first = first == null ? ending : first;
                }
            }
            return first;
        }
    }

    RankTask(
            RunConfig config,
            RankBody body,
            SerializableConfiguration hadoop,
            RecordAccumulator records,
            Job job,
            Placement placement) {
        this.config = config;
        this.body = body;
        this.hadoop = hadoop;
        this.records = records;
        this.job = job;
        this.placement = placement;
    }

    @Override
    public Iterator<RankOutcome> apply(Iterator<Integer> rows) {
        DjlSettings.apply();
        BarrierTaskContext context = BarrierTaskContext.get();
        ComputingTasks.beginSaving(context);
        AtomicInteger rank = new AtomicInteger(context.partitionId());
        Throwable error = null;
        RankOutcome mine;
        try {
            TrainingResult result = meetAndRun(context, rank);
            mine = RankOutcome.done(rank.get(), result);
        } catch (Throwable e) {
            if (ComputingTasks.isStopped(context)) {
                ComputingTasks.leave(context);
                throw RankTask.<RuntimeException>unchecked(e);
            }
            error = e;
            mine = RankOutcome.failed(rank.get(), e);
            LOG.warn("rank {} stops: {}", rank.get(), mine.message());
        }
        List<Ending> all = meet(context, Ending.of(mine, error), Ending.class);
        boolean fatal = all.stream().anyMatch(ending -> ending.kind() == RankOutcome.Kind.FATAL);
        Ending root = Ending.root(all);
        if (root != null && !fatal) {
            // Spark reports the first exception that reaches it, from any rank. So each exception names the rank that
            // failed first.
            throw root.rank() == mine.rank()
                    ? RankTask.<RuntimeException>unchecked(error)
                    : new LostRankException(root.rank(), "rank " + root.rank() + " failed: " + root.message(), error);
        }
        return JavaConverters.asScalaIterator(List.of(mine).iterator());
    }

    /** @param rank set to this task's rank when the tasks have met */
    private TrainingResult meetAndRun(BarrierTaskContext context, AtomicInteger rank) throws Exception {
        int task = context.partitionId();
        Throwable failure = null;
        RankEndpoint endpoint = null;
        String resumeFrom = null;
        try {
            try {
                endpoint = ExchangeNetwork.listen(SparkEnv.get(), config.cluster());
                resumeFrom = task == 0 ? body.newestCheckpoint(config, hadoop.value()) : null;
            } catch (Throwable e) {
                failure = e;
            }
            List<Greeting> all = meet(
                    context,
                    new Greeting(
                            failure == null ? endpoint.address() : null,
                            resumeFrom,
                            SparkEnv.get().executorId()),
                    Greeting.class);
            if (failure != null) {
                throw RankTask.<Exception>unchecked(failure);
            }
            for (int peer = 0; peer < all.size(); peer++) {
                if (all.get(peer).address() == null) {
                    throw new LostRankException(peer, "rank " + peer + " could not start", null);
                }
            }
            List<String> addresses = all.stream().map(Greeting::address).toList();
            List<Integer> order = RankOrder.byHost(addresses);
            rank.set(order.indexOf(task));
            Member member = new Member(
                    rank.get(),
                    order.stream().map(addresses::get).toList(),
                    job.id() + "-" + context.stageAttemptNumber(),
                    job.secret(),
                    ExchangeNetwork.encrypted(SparkEnv.get().conf()));
            List<String> executors =
                    order.stream().map(peer -> all.get(peer).executor()).toList();
            return run(
                    context,
                    endpoint,
                    member,
                    records.recorder(job.attempt(context), executors),
                    all.get(0).resumeFrom());
        } finally {
            if (endpoint != null) {
                endpoint.close();
            }
        }
    }

    private TrainingResult run(
            BarrierTaskContext context,
            RankEndpoint endpoint,
            Member member,
            Consumer<TrainingRecord> recorder,
            String resumeFrom)
            throws Exception {
        ExchangeTimeouts timeouts = new ExchangeTimeouts(
                ExchangeTimeouts.DEFAULT.join(),
                Duration.ofSeconds(config.cluster().timeoutSeconds()),
                ExchangeTimeouts.DEFAULT.operation());
        BooleanSupplier cancelled = () -> ComputingTasks.request(context) == StopRequest.NOW;
        int gpu = placement.gpu(context);
        int threads = placement.threads(context);
        try (LeavePoll driver = new LeavePoll(job.id(), member.rank());
                Collective exchange = TcpExchange.join(endpoint, member, timeouts, cancelled);
                Collective collective = collective(exchange, gpu, threads, member.encrypted())) {
            RankContext rank = new RankContext(
                    collective,
                    gpu,
                    threads,
                    hadoop.value(),
                    LocalDirs.first(SparkEnv.get()),
                    member.attempt(),
                    recorder,
                    () -> request(context, driver));
            return body.run(config, rank, resumeFrom);
        }
    }

    private static StopRequest request(BarrierTaskContext context, LeavePoll driver) {
        StopRequest request = ComputingTasks.request(context);
        return request == StopRequest.NONE && driver.isAsked() ? StopRequest.AFTER_STEP : request;
    }

    /** Returns the configured collective of ranks that have joined an exchange. */
    private Collective collective(Collective exchange, int gpu, int threads, boolean encrypted) {
        CollectiveChoice choice = config.cluster().collective();
        boolean required = choice == CollectiveChoice.NCCL;
        if (choice == CollectiveChoice.TCP || (gpu < 0 && !required)) {
            return exchange;
        }
        Torch.start(threads);
        Duration deadline = ExchangeTimeouts.DEFAULT.operation();
        return new NcclRanks(gpu, Torch.libraries(), encrypted, required, deadline).over(exchange);
    }

    /** Returns the message of every task, in the order of the tasks. */
    private static <T> List<T> meet(BarrierTaskContext context, T mine, Class<T> type) {
        if (context.getTaskInfos().length == 1) {
            // Spark looks for the answer of a meeting once a second.
            return List.of(mine);
        }
        try {
            List<T> all = new ArrayList<>();
            for (String text : context.allGather(JSON.writeValueAsString(mine))) {
                all.add(JSON.readValue(text, type));
            }
            return all;
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Throws any error through a method that declares none. Spark's functions may throw any exception. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> E unchecked(Throwable error) throws E {
        throw (E) error;
    }
}
