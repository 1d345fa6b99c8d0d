package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.collective.ForwardingCollective;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.collective.exchange.Ranks;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GlobalTextsTest {
    /** Largest block of the exchange. */
    private static final int LARGEST = 256 << 20;

    /** Returns a sample of an anchor and two candidates, each of one token. */
    private static Sample sample(int first) {
        int[] ids = {first, first + 1, first + 2};
        return Sample.ofDocuments(0, ids, ids.clone(), 1, 1, 1);
    }

    @Test
    void joinsTheTextsOfRanksInTheirOrder() throws Exception {
        try (Ranks ranks = Ranks.join(3)) {
            List<GlobalTexts> all = ranks.play(exchange -> {
                int rank = exchange.rank();
                List<Sample> own = IntStream.range(0, rank)
                        .mapToObj(i -> sample(10 * rank + 3 * i))
                        .toList();
                float[] vectors = new float[2 * 3 * own.size()];
                for (int i = 0; i < vectors.length; i++) {
                    vectors[i] = 100 * rank + i;
                }
                return GlobalTexts.of(exchange, own, vectors);
            });
            assertThat(all).allSatisfy(texts -> {
                assertThat(texts.vectors()).hasSize(18).startsWith(100, 101).endsWith(210, 211);
                assertThat(texts.anchors()).containsExactly(0, 3, 6);
                assertThat(texts.candidates()).containsExactly(1, 2, 4, 5, 7, 8);
                assertThat(texts.positives()).containsExactly(0, 2, 4);
            });
            assertThat(all.get(2).own()).containsExactly(3, 6, 1, 2, 2, 4);
        }
    }

    /** A rank that refuses blocks that an exchange refuses. */
    private static final class Limited extends ForwardingCollective {
        Limited() {
            super(new SingleRank());
        }

        @Override
        public byte[][] allGather(byte[] own) {
            assertThat(own.length).isLessThanOrEqualTo(LARGEST);
            return super.allGather(own);
        }
    }

    @Test
    void gathersMoreVectorsThanABlockTakes() {
        float[] vectors = new float[LARGEST / Float.BYTES + 3];
        vectors[vectors.length - 1] = 5;

        GlobalTexts texts = GlobalTexts.of(new Limited(), List.of(sample(1)), vectors);

        assertThat(texts.vectors().length).isEqualTo(vectors.length);
        assertThat(texts.vectors()[vectors.length - 1]).isEqualTo(5);
    }
}
