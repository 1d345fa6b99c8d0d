package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** Settings of decontamination, which drops training documents with text of held-out documents. */
public record DecontaminateConfig(boolean enabled, int ngram) implements Serializable {
    public DecontaminateConfig {
        Check.that(ngram >= 1, "data.corpus.decontaminate.ngram", ngram, "at least 1");
    }
}
