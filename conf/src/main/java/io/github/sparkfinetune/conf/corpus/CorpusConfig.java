package io.github.sparkfinetune.conf.corpus;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.List;

/**
 * Preparation of a corpus before tokenization, for tasks whose rows are documents. Sources are mixed, texts are
 * normalised and masked, and documents are dropped by named rules, as duplicates or as test data. The defaults do none
 * of this.
 *
 * @param sources causal-lm, masked-lm: list of texts to mix instead of {@code data.train}; a source's share of the
 *     documents is its weight divided by the sum of all weights
 * @param stoppingStrategy size of the mix
 * @param normalize Unicode normal form of the texts; nfc and nfkc also turn line ends into LF and remove the control
 *     characters U+0080 to U+009F, byte order marks and noncharacters
 * @param mask patterns to replace by {@code <EMAIL>}, {@code <IP>}, {@code <PHONE>} and {@code <NUMBER>}; masking finds
 *     what looks like these patterns and does not anonymise a text
 * @param phoneRegion country, by its two letters (US), whose telephone numbers are also found without a leading +;
 *     null: only numbers with a +
 * @param filters rules that drop documents, applied in their order; dropped documents are counted by reason
 * @param quarantine folder for dropped documents, as Parquet with text, file and reason; null: dropped documents are
 *     only counted
 */
public record CorpusConfig(
        List<Source> sources,
        @Key(hf = "datasets.interleave_datasets") StoppingStrategy stoppingStrategy,
        Normalization normalize,
        List<Masking> mask,
        @Key(optional = true) String phoneRegion,
        List<Filter> filters,
        @Key(optional = true, path = true) String quarantine,
        @Key(hf = "GopherQualityFilter") GopherQualityConfig gopherQuality,
        @Key(hf = "GopherRepetitionFilter") GopherRepetitionConfig gopherRepetition,
        @Key(hf = "C4QualityFilter") C4Config c4,
        @Key(hf = "FineWebQualityFilter") FinewebConfig fineweb,
        NearDedup nearDedup,
        Decontaminate decontaminate)
        implements Serializable {

    /**
     * A source of a mixed corpus.
     *
     * @param path file, folder or glob
     * @param weight relative weight; the source's share of the documents is its weight divided by the sum of all
     *     weights
     */
    public record Source(@Key(path = true) String path, double weight) implements Serializable {
        public Source {
            Check.present("data.corpus.sources", path);
            Check.that(weight >= 0 && Double.isFinite(weight), "data.corpus.sources", weight, "a weight of 0 or above");
        }
    }

    /**
     * Settings of near-deduplication, which keeps a single document of each group of near-duplicates.
     *
     * @param enabled whether a single document of each group of near-equal or equal documents is kept
     * @param ngram words of a shingle
     * @param bands bands of the MinHash signature; documents with one equal band are compared
     * @param rows hashes of a band
     * @param threshold Jaccard similarity of the shingles from which documents are near-duplicates
     */
    public record NearDedup(boolean enabled, int ngram, int bands, int rows, double threshold) implements Serializable {
        private static final String KEY = "data.corpus.near_dedup.";

        public NearDedup {
            Check.that(ngram >= 1, KEY + "ngram", ngram, "at least 1");
            Check.that(bands >= 1, KEY + "bands", bands, "at least 1");
            Check.that(rows >= 1, KEY + "rows", rows, "at least 1");
            Check.that(threshold > 0 && threshold <= 1, KEY + "threshold", threshold, "in (0, 1]");
        }
    }

    /**
     * Settings of decontamination, which drops training documents with text of held-out documents.
     *
     * @param enabled whether to drop training documents that share an n-gram with {@code data.eval}, {@code data.test}
     *     or {@code data.held_out}; rows that a fraction splits off are not compared
     * @param ngram words of the n-gram
     */
    public record Decontaminate(boolean enabled, int ngram) implements Serializable {
        public Decontaminate {
            Check.that(ngram >= 1, "data.corpus.decontaminate.ngram", ngram, "at least 1");
        }
    }

    /** Number of documents in a mix of weighted sources. */
    public enum StoppingStrategy {
        /** The most documents that the mix can have without repeating one. */
        @JsonProperty("first_exhausted")
        FIRST_EXHAUSTED,
        /** The fewest documents with which the mix has every document at least once. */
        @JsonProperty("all_exhausted")
        ALL_EXHAUSTED
    }

    /** Unicode normalisation of a text. */
    public enum Normalization {
        /** No normalisation. */
        @JsonProperty("none")
        NONE,
        /** NFC: composed characters. */
        @JsonProperty("nfc")
        NFC,
        /** NFKC: composed characters, and one form for characters that only look different (ligatures, full width). */
        @JsonProperty("nfkc")
        NFKC
    }

    /** Patterns that a placeholder replaces, in the order in which they are searched. */
    public enum Masking {
        /** E-mail addresses. */
        @JsonProperty("email")
        EMAIL,
        /** IPv4 and IPv6 addresses. */
        @JsonProperty("ip")
        IP,
        /** Telephone numbers. */
        @JsonProperty("phone")
        PHONE,
        /** Numbers in digits. */
        @JsonProperty("number")
        NUMBER
    }

    /** Rules that drop documents. */
    public enum Filter {
        /** Gopher's rules for low quality. */
        @JsonProperty("gopher_quality")
        GOPHER_QUALITY,
        /** Gopher's rules for repetitive text. */
        @JsonProperty("gopher_repetition")
        GOPHER_REPETITION,
        /** C4's rules, which also remove lines. */
        @JsonProperty("c4")
        C4,
        /** FineWeb's additional rules. */
        @JsonProperty("fineweb")
        FINEWEB
    }

    public CorpusConfig {
        Check.present("data.corpus.sources", sources);
        Check.present("data.corpus.stopping_strategy", stoppingStrategy);
        sources = List.copyOf(sources);
        Check.that(sources.size() <= 200, "data.corpus.sources", sources.size(), "a list of at most 200");
        List<Double> weights = sources.stream().map(Source::weight).toList();
        Check.that(
                sources.isEmpty()
                        || weights.stream().mapToDouble(Double::doubleValue).sum() > 0,
                "data.corpus.sources",
                weights,
                "a list of weights of which at least one is above 0");
        Check.present("data.corpus.normalize", normalize);
        Check.distinct("data.corpus.mask", mask);
        mask = List.copyOf(mask);
        Check.that(
                phoneRegion == null || phoneRegion.matches("[A-Z]{2}"),
                "data.corpus.phone_region",
                phoneRegion,
                "a country's two letters (ISO 3166), such as US");
        Check.distinct("data.corpus.filters", filters);
        filters = List.copyOf(filters);
        Check.present("data.corpus.gopher_quality", gopherQuality);
        Check.present("data.corpus.gopher_repetition", gopherRepetition);
        Check.present("data.corpus.c4", c4);
        Check.present("data.corpus.fineweb", fineweb);
        Check.present("data.corpus.near_dedup", nearDedup);
        Check.present("data.corpus.decontaminate", decontaminate);
    }

    /** Returns whether any setting needs rows to be documents. */
    @JsonIgnore
    public boolean isUsed() {
        return !sources.isEmpty() || cleans() || nearDedup.enabled() || decontaminate.enabled();
    }

    /** Returns whether single texts are changed, or dropped for their content. */
    public boolean cleans() {
        return normalize != Normalization.NONE || !mask.isEmpty() || !filters.isEmpty();
    }

    /** Returns the settings that decide the content of a dataset: all but the folder of rejected rows. */
    public CorpusConfig withoutQuarantine() {
        return Components.with(this, "quarantine", null);
    }
}
