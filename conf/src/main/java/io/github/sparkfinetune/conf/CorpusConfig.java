package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.List;

/**
 * Preparation of a corpus before tokenization, for tasks whose rows are documents. Sources are mixed, texts are
 * normalised and masked, and documents are dropped by named rules, as duplicates or as test data. The defaults do none
 * of this.
 */
public record CorpusConfig(
        List<CorpusSource> sources,
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
        NearDedupConfig nearDedup,
        DecontaminateConfig decontaminate)
        implements Serializable {

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
        Check.present("data.corpus.normalize", normalize);
        Check.distinct("data.corpus.mask", mask);
        Check.that(
                phoneRegion == null || phoneRegion.matches("[A-Z]{2}"),
                "data.corpus.phone_region",
                phoneRegion,
                "a country's two letters (ISO 3166), such as US");
        Check.distinct("data.corpus.filters", filters);
        Check.present("data.corpus.gopher_quality", gopherQuality);
        Check.present("data.corpus.gopher_repetition", gopherRepetition);
        Check.present("data.corpus.c4", c4);
        Check.present("data.corpus.fineweb", fineweb);
        Check.present("data.corpus.near_dedup", nearDedup);
        Check.present("data.corpus.decontaminate", decontaminate);
        sources = List.copyOf(sources);
        Check.that(sources.size() <= 200, "data.corpus.sources", sources.size(), "a list of at most 200");
        List<Double> weights = sources.stream().map(CorpusSource::weight).toList();
        Check.that(
                sources.isEmpty()
                        || weights.stream().mapToDouble(Double::doubleValue).sum() > 0,
                "data.corpus.sources",
                weights,
                "a list of weights of which at least one is above 0");
        mask = List.copyOf(mask);
        filters = List.copyOf(filters);
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
        return new CorpusConfig(
                sources,
                stoppingStrategy,
                normalize,
                mask,
                phoneRegion,
                filters,
                null,
                gopherQuality,
                gopherRepetition,
                c4,
                fineweb,
                nearDedup,
                decontaminate);
    }
}
