package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** When a document to train on holds text of the held-out documents, and is left out. */
public record DecontaminateConfig(boolean enabled, int ngram) implements Serializable {
    public DecontaminateConfig {
        Check.that(ngram >= 1, "data.corpus.decontaminate.ngram", ngram, "at least 1");
    }
}
