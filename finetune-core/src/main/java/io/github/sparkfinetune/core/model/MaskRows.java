package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Seeds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Rows of the dropout masks of a kind of site, in the order of the masks. Every row is of a sample, an attention head
 * and a token, whose numbers are part of the row's key. Rows that belong to no sample have sample -1.
 */
final class MaskRows {
    private static final int INDICES = 3;
    /** Maximum number of rows of a run, unless a row is as wide as its document. */
    private static final int ROWS = 64;

    private final List<Run> runs;
    private final boolean square;
    private List<NDArray> terms = List.of();

    private MaskRows(List<Run> runs, boolean square) {
        this.runs = List.copyOf(runs);
        this.square = square;
    }

    /** Consecutive rows: some tokens of a sample, for one attention head. */
    record Run(long sample, int head, int firstToken, int rows) {}

    /** Returns a row for each token of a batch. */
    static MaskRows tokens(Batch batch) {
        List<Run> runs = new ArrayList<>();
        long filler = batch.ids().size();
        for (int i = 0; i < batch.samples().size(); i++) {
            int rows = batch.rows()[i];
            // Threads share a long sample's rows.
            for (int first = 0; first < rows; first += ROWS) {
                runs.add(new Run(index(batch, i), 0, first, Math.min(ROWS, rows - first)));
            }
            filler -= rows;
        }
        if (filler > 0) {
            runs.add(new Run(-1, 0, 0, Math.toIntExact(filler)));
        }
        return new MaskRows(runs, false);
    }

    /** Returns a row for the first token of each text, in the order of samples and their documents. */
    static MaskRows firstTokens(Batch batch) {
        return new MaskRows(
                batch.documents().stream()
                        .filter(document -> document.sample() >= 0)
                        .sorted(Comparator.comparingInt(Batch.Document::sample)
                                .thenComparingInt(Batch.Document::firstToken))
                        .map(document -> new Run(index(batch, document.sample()), 0, document.firstToken(), 1))
                        .toList(),
                false);
    }

    /** Returns a row for each query of each head of each document; it is as wide as the document is long. */
    static MaskRows queries(Batch batch, int heads) {
        List<Run> runs = new ArrayList<>();
        for (Batch.Document document : batch.documents()) {
            long sample = document.sample() < 0 ? -1 : index(batch, document.sample());
            for (int head = 0; head < heads; head++) {
                runs.add(new Run(sample, head, document.firstToken(), document.length()));
            }
        }
        return new MaskRows(runs, true);
    }

    /** Returns the rows of a table that belongs to no sample. */
    static MaskRows table(int rows) {
        return new MaskRows(List.of(new Run(0, 0, 0, rows)), false);
    }

    private static long index(Batch batch, int sample) {
        return batch.samples().get(sample).index();
    }

    List<Run> runs() {
        return runs;
    }

    /**
     * Returns the number of elements of a run's rows.
     *
     * @param width elements of a row, unless a row is as wide as its document
     */
    int width(Run run, int width) {
        return square ? run.rows() : width;
    }

    /** Returns the shape of a mask. */
    Shape shape(int width) {
        return square
                ? new Shape(runs.stream()
                        .mapToLong(run -> (long) run.rows() * run.rows())
                        .sum())
                : new Shape(runs.stream().mapToLong(Run::rows).sum(), width);
    }

    /**
     * Returns, for each stretch of rows of one width, the terms that the sample, the head and the token of each row add
     * to its key: [3, rows].
     *
     * @param owner owner of the tensors; the first call decides
     */
    List<NDArray> terms(NDManager owner) {
        if (terms.isEmpty()) {
            List<NDArray> made = new ArrayList<>();
            for (List<Run> stretch : stretches()) {
                int rows = stretch.stream().mapToInt(Run::rows).sum();
                long[] values = new long[INDICES * rows];
                int at = 0;
                for (Run run : stretch) {
                    for (int i = 0; i < run.rows(); i++, at++) {
                        values[at] = Seeds.term(run.sample());
                        values[rows + at] = Seeds.term(run.head());
                        values[2 * rows + at] = Seeds.term((long) run.firstToken() + i);
                    }
                }
                made.add(Tensors.of(owner, values, new Shape(INDICES, rows)));
            }
            terms = List.copyOf(made);
        }
        return terms;
    }

    /** Returns the number of elements of the rows of each stretch, see {@link #terms}. */
    LongStream widths(int width) {
        return stretches().stream().mapToLong(stretch -> width(stretch.get(0), width));
    }

    /** Returns whether a mask has one dimension, because its rows are not of one width. */
    boolean isFlat() {
        return square;
    }

    private List<List<Run>> stretches() {
        List<List<Run>> stretches = new ArrayList<>();
        for (Run run : runs) {
            List<Run> last = stretches.isEmpty() ? List.of() : stretches.get(stretches.size() - 1);
            if (last.isEmpty() || (square && last.get(0).rows() != run.rows())) {
                last = new ArrayList<>();
                stretches.add(last);
            }
            last.add(run);
        }
        return stretches;
    }
}
