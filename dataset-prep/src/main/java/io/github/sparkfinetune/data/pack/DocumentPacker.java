package io.github.sparkfinetune.data.pack;

import io.github.sparkfinetune.conf.DataConfig.Packing;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import java.io.IOException;

/**
 * Puts documents into samples. What comes out depends on the documents and their order alone, and no more of them are
 * held than a window. Samples bear no index: that is their place in storage. Not for concurrent use.
 */
public interface DocumentPacker {

    /** Adds the next document, which has tokens; may write samples. */
    void add(Document document) throws IOException;

    /** Writes what is left. */
    void finish() throws IOException;

    /**
     * The packer of that kind.
     *
     * @param maxLength most tokens of a sample; without {@link Packing#WRAPPED} no document is longer
     */
    static DocumentPacker of(Packing packing, int maxLength, SampleOutput output) {
        return switch (packing) {
            case NONE -> new OneDocument(output);
            case BFD -> new WindowPacker(maxLength, WindowPacker.WINDOW_TOKENS, output);
            case WRAPPED -> new WrappedPacker(maxLength, output);
        };
    }
}
