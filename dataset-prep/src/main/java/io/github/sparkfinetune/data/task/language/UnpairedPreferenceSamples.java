package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Makes samples of prompts with a rated answer: the prompt with its answer, and the prompt with the answer of the next
 * sample in the shard. The last sample takes the answer of the first. Bytes of a row: the whole document as in
 * {@link DocumentSamples}, then a byte that is 1 for a good answer.
 */
final class UnpairedPreferenceSamples implements SampleSink {
    private final SampleCounts counts = new SampleCounts(0, true);
    private final DataConfig data;
    private final SampleOutput output;
    /** Row of the first sample, and the row that waits for the next answer; null before the first row. */
    private Rated first;

    private Rated waiting;

    UnpairedPreferenceSamples(DataConfig data, SampleOutput output) {
        this.data = data;
        this.output = output;
    }

    /**
     * A prompt with a rated answer.
     *
     * @param whole document before the cut
     * @param cut document of at most the longest allowed length
     */
    private record Rated(Document whole, Document cut, int label) {
        /** Returns the prompt with the answer of another row, cut to the longest allowed length. */
        Document with(Rated other, int longest) {
            int prompt = whole.firstLabel();
            int[] answer = other.whole.inputIds();
            int begin = other.whole.firstLabel();
            int length = Math.min(longest, prompt + answer.length - begin);
            int[] ids = Arrays.copyOf(whole.inputIds(), length);
            System.arraycopy(answer, begin, ids, prompt, length - prompt);
            int[] none = new int[length];
            Arrays.fill(none, Sample.IGNORED);
            return new Document(ids, none).labelledFrom(prompt);
        }
    }

    /** Returns the bytes of a row. */
    static byte[] bytes(Document document, boolean desirable) {
        byte[] row = DocumentSamples.bytes(document, false);
        byte[] rated = Arrays.copyOf(row, row.length + 1);
        rated[row.length] = (byte) (desirable ? 1 : 0);
        return rated;
    }

    @Override
    public void add(byte[] row, String stratum) throws IOException {
        Document whole = DocumentSamples.document(Arrays.copyOf(row, row.length - 1));
        Document cut = limited(whole);
        if (cut.droppedBecause() != null) {
            counts.droppedRow(cut.droppedBecause());
            return;
        }
        counts.row(cut.truncated());
        Rated rated = new Rated(whole, cut, row[row.length - 1]);
        if (first == null) {
            first = rated;
        } else {
            write(waiting, rated);
        }
        waiting = rated;
    }

    /** Cuts or drops a document; a document that stays has a prompt and an answer of at least one token each. */
    private Document limited(Document document) {
        if (document.droppedBecause() == null && document.firstLabel() == 0) {
            return Document.dropped(DropReason.EMPTY_PROMPT);
        }
        return document.limited(data.maxLength(), data.overlong());
    }

    private void write(Rated rated, Rated next) throws IOException {
        Document other = rated.with(next, data.maxLength());
        Sample sample = Sample.ofDocuments(0, List.of(rated.cut(), other)).withLabel(rated.label());
        output.write(sample);
        counts.sample(sample, rated.cut().labelTokens());
    }

    @Override
    public SampleCounts finish() throws IOException {
        if (first != null) {
            write(waiting, first);
        }
        return counts;
    }
}
