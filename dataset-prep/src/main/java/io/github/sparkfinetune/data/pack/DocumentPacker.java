package io.github.sparkfinetune.data.pack;

import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import java.io.IOException;

/**
 * Packs documents into samples. The result depends only on the documents and their order, and at most one window of
 * documents is held in memory. Samples have no index, because the index is the place in storage. Not for concurrent
 * use.
 */
public interface DocumentPacker {

    /** Adds the next document, which must have tokens; may write samples. */
    void add(Document document) throws IOException;

    /** Writes the remaining samples. */
    void finish() throws IOException;

    /**
     * Returns the packer of a kind.
     *
     * @param maxLength most tokens of a sample; no document may be longer, except with {@link Packing#WRAPPED}
     */
    static DocumentPacker of(Packing packing, int maxLength, SampleOutput output) {
        return switch (packing) {
            case NONE -> new OneDocument(output);
            case BFD -> new WindowPacker(maxLength, WindowPacker.WINDOW_TOKENS, output);
            case WRAPPED -> new WrappedPacker(maxLength, output);
        };
    }
}
