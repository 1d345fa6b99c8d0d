package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RerankingConfig;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.task.retrieval.RankedTexts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Random queries with documents that are relevant or not. */
final class TinyRankings {
    private TinyRankings() {}

    /**
     * Returns pairs of a query and a document. Only a relevant document, which comes first, shares a token with the
     * query. Two rows without {@code reranking.negative} have one query.
     */
    static Sample sample(RerankingConfig reranking, SplittableRandom random, int row) {
        int[] query = new SplittableRandom(row / 2)
                .ints(4, TinyDataset.FIRST_ID, TinyDataset.FIRST_ID + TinyDataset.IDS)
                .toArray();
        int count = reranking.comparesLists() ? random.nextInt(2, reranking.most() + 1) : 1;
        double[] relevance = new double[count];
        relevance[0] = reranking.comparesLists() || row % 2 == 0 ? 1 : 0.25;
        List<int[]> pairs = new ArrayList<>();
        for (double relevant : relevance) {
            int[] document = random.ints(
                            random.nextInt(2, TinyDataset.LONGEST / count - 3),
                            TinyDataset.FIRST_ID,
                            TinyDataset.FIRST_ID + TinyDataset.IDS)
                    .toArray();
            document[1] = relevant == 1 ? query[1] : document[1];
            pairs.add(IntStream.concat(Arrays.stream(query), Arrays.stream(document))
                    .toArray());
        }
        int[] ids = pairs.stream().flatMapToInt(Arrays::stream).toArray();
        int[] types = pairs.stream()
                .flatMapToInt(pair -> IntStream.range(0, pair.length).map(t -> t < query.length ? 0 : 1))
                .toArray();
        int[] lengths = pairs.stream().mapToInt(pair -> pair.length).toArray();
        String texts = new RankedTexts("query " + row / 2, Collections.nCopies(count, "document")).toJson();
        Window whole = new Window(0, new int[0], new int[0], texts);
        return new Sample(row, ids, types, -1, new int[0], lengths, relevance, whole);
    }
}
