package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.train.FineTuner;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.train.RankBody;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;

/**
 * Fine-tuning that records which steps train on a token. It reads the token ids of the samples that the ranks exchange
 * before each step. For ranks in this process.
 */
public record RecordingBody(int token) implements RankBody {
    /** Steps, from 1, whose samples on a rank have the token. */
    public static final Queue<Seen> SEEN = new ConcurrentLinkedQueue<>();

    /** Number of values before the ids: weight of the objective's only term, samples and tokens. */
    private static final int HEAD = 3 * Long.BYTES + 1;

    public record Seen(long step, int rank) {}

    @Override
    public String newestCheckpoint(RunConfig config, Configuration hadoop) {
        return FineTuner.newestCheckpoint(config, hadoop);
    }

    @Override
    public TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) throws IOException {
        RankContext recorded = new RankContext(
                new Recording(rank.collective()),
                rank.gpu(),
                rank.threads(),
                rank.hadoop(),
                rank.localDir(),
                rank.attempt(),
                rank.records(),
                rank.stop());
        return FineTuner.run(config, recorded, resumeFrom);
    }

    private final class Recording implements Collective {
        private final Collective ranks;
        private long steps;

        Recording(Collective ranks) {
            this.ranks = ranks;
        }

        @Override
        public byte[][] allGather(byte[] mine) {
            if (mine.length >= HEAD) {
                steps++;
                ByteBuffer ids = ByteBuffer.wrap(mine).order(ByteOrder.LITTLE_ENDIAN);
                ids.position(HEAD);
                while (ids.hasRemaining()) {
                    if (ids.getInt() == token) {
                        SEEN.add(new Seen(steps, rank()));
                    }
                }
            }
            return ranks.allGather(mine);
        }

        @Override
        public Future<?> reduceScatterAsync(List<List<ByteBuffer>> shares) {
            return ranks.reduceScatterAsync(shares);
        }

        @Override
        public Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares) {
            return ranks.allGatherIntoAsync(shares);
        }

        @Override
        public int rank() {
            return ranks.rank();
        }

        @Override
        public int size() {
            return ranks.size();
        }

        @Override
        public Future<?> allReduceAsync(ByteBuffer floats) {
            return ranks.allReduceAsync(floats);
        }

        @Override
        public void allReduce(double[] values) {
            ranks.allReduce(values);
        }

        @Override
        public void close() {
            ranks.close();
        }
    }
}
