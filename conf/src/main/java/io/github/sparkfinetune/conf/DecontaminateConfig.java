package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** When a training document contains text of held-out documents and is dropped. */
public record DecontaminateConfig(boolean enabled, int ngram) implements Serializable {
    public DecontaminateConfig {
        Check.that(ngram >= 1, "data.corpus.decontaminate.ngram", ngram, "at least 1");
    }
}
