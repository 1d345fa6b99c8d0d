package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds the tokens of a row in samples that come in storage order. The tokens are a whole document of a sample. Or they
 * are the end of a sample and the beginning of the next samples, as in windows of a text and with wrapped packing.
 */
final class SampleSearch {
    private final int[] ids;
    private final boolean isCut;
    private final List<Part> found = new ArrayList<>();
    private List<Match> open = List.of();
    private int copies;

    /**
     * A document of a sample.
     *
     * @param sample index of the sample
     * @param document index of the document in the sample, from 0
     * @param documents number of documents of the sample
     */
    record Part(long sample, int document, int documents) {}

    /** Number of the row's tokens that were found, and the parts that hold them. */
    private record Match(int tokens, List<Part> parts) {
        static final Match NOTHING = new Match(0, List.of());

        Match plus(int more, Part part) {
            List<Part> all = new ArrayList<>(parts);
            all.add(part);
            return new Match(tokens + more, all);
        }
    }

    SampleSearch(RowTokens row) {
        this.ids = row.ids();
        this.isCut = row.isCut();
    }

    /** Searches the next sample. */
    void add(Sample sample) {
        int[] documents = sample.documents();
        List<Match> before = new ArrayList<>(open);
        open = new ArrayList<>();
        int from = 0;
        for (int document = 0; document < documents.length; document++) {
            before.add(Match.NOTHING);
            List<Match> next = new ArrayList<>();
            int length = documents[document];
            Part part = new Part(sample.index(), document, documents.length);
            for (Match match : before) {
                int rest = ids.length - match.tokens();
                int same = isCut ? Math.min(rest, length) : length;
                if (same > rest
                        || !Arrays.equals(
                                sample.inputIds(), from, from + same, ids, match.tokens(), match.tokens() + same)) {
                    continue;
                }
                Match longer = match.plus(same, part);
                if (same == rest) {
                    copies++;
                    found.addAll(longer.parts());
                } else {
                    // A row of several texts, such as a pair, is several documents of one sample.
                    (document == documents.length - 1 ? open : next).add(longer);
                }
            }
            before = next;
            from += length;
        }
    }

    /** Returns the parts of all found copies of the row. */
    List<Part> found() {
        return found;
    }

    /** Returns the number of found copies of the row. */
    int copies() {
        return copies;
    }
}
