package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turn of a training among the trainings of a session. A training begins when the executors have room for its ranks
 * beside the ranks of all earlier trainings, and keeps the room until it ends. Spark itself would begin the ranks of a
 * later training before the last small task of an earlier one, which would then wait for the later training's end.
 */
public final class TrainingTurn implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingTurn.class);
    /** Executors register without notice. */
    private static final long RECHECK_MILLIS = 200;

    private static final long REPORT_NANOS = TimeUnit.MINUTES.toNanos(10);

    /** Trainings that run or wait, by session, in the order in which they came. */
    private static final Map<SparkContext, List<TrainingTurn>> TURNS = new WeakHashMap<>();

    private final List<TrainingTurn> all;
    /** Cores of the ranks; unknown (0) until the training knows its executors. */
    private int cores;

    private TrainingTurn(List<TrainingTurn> all) {
        this.all = all;
    }

    /**
     * Waits until it is a training's turn, however long the trainings before it last. A training that is alone does not
     * wait, even if the executors lack room.
     *
     * @param together trainings of as many ranks in the session at a time
     */
    public static TrainingTurn await(SparkContext spark, RunConfig config, int together) throws InterruptedException {
        List<TrainingTurn> all;
        synchronized (TURNS) {
            all = TURNS.computeIfAbsent(spark, none -> new ArrayList<>());
        }
        TrainingTurn turn = new TrainingTurn(all);
        synchronized (all) {
            all.add(turn);
            boolean begins = false;
            try {
                long report = System.nanoTime();
                while (!turn.hasRoom(spark, config, together)) {
                    if (System.nanoTime() >= report) {
                        LOG.warn(
                                "the training into {} waits until the executors have room for its {} rank(s): {} earlier"
                                        + " training(s) of this session use them or wait for them",
                                config.output().dir(),
                                config.cluster().ranks(),
                                all.indexOf(turn));
                        report = System.nanoTime() + REPORT_NANOS;
                    }
                    all.wait(RECHECK_MILLIS);
                }
                begins = true;
            } finally {
                if (!begins) {
                    turn.close();
                }
            }
        }
        return turn;
    }

    private boolean hasRoom(SparkContext spark, RunConfig config, int together) {
        List<TrainingTurn> earlier = all.subList(0, all.indexOf(this));
        if (earlier.isEmpty()) {
            return true;
        }
        Collection<Integer> executors = Executors.cores(spark);
        if (executors.isEmpty() || earlier.stream().anyMatch(turn -> turn.cores == 0)) {
            return false;
        }
        int ranks = config.cluster().ranks();
        int needed = Placement.of(spark, config, ranks * together).cores(spark, ranks);
        int used = earlier.stream().mapToInt(turn -> turn.cores).sum();
        return used + needed <= executors.stream().mapToInt(Integer::intValue).sum();
    }

    /** Keeps room for ranks until the turn is closed, even while some of their executors are lost. */
    public void keep(SparkContext spark, Placement placement, int ranks) {
        synchronized (all) {
            cores = placement.cores(spark, ranks);
            all.notifyAll();
        }
    }

    @Override
    public void close() {
        synchronized (all) {
            all.remove(this);
            all.notifyAll();
        }
    }
}
