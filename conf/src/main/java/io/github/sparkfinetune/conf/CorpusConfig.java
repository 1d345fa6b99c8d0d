package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.List;

/**
 * How a corpus is prepared before it is tokenized, for tasks whose rows are documents: sources are mixed, texts
 * normalised and masked, and documents left out by named rules, as duplicates or as test data. With the defaults
 * nothing of it happens.
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

    /** How many documents a mix of weighted sources has. */
    public enum StoppingStrategy {
        /** As many as no document has to be repeated for. */
        @JsonProperty("first_exhausted")
        FIRST_EXHAUSTED,
        /** As many as every document is in at least once. */
        @JsonProperty("all_exhausted")
        ALL_EXHAUSTED
    }

    /** Unicode normalisation of a text. */
    public enum Normalization {
        /** The text stays as it is. */
        @JsonProperty("none")
        NONE,
        /** Composed characters. */
        @JsonProperty("nfc")
        NFC,
        /** Composed characters, and one form for characters that only look different: ligatures, full width. */
        @JsonProperty("nfkc")
        NFKC
    }

    /** What a placeholder replaces, in the order in which it is looked for. */
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

    /** Rules by which documents are left out. */
    public enum Filter {
        /** What Gopher's authors take for a text of low quality. */
        @JsonProperty("gopher_quality")
        GOPHER_QUALITY,
        /** What Gopher's authors take for a repetitive text. */
        @JsonProperty("gopher_repetition")
        GOPHER_REPETITION,
        /** C4's rules, which remove lines, too. */
        @JsonProperty("c4")
        C4,
        /** The rules that FineWeb adds. */
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

    /** Whether anything is asked for that needs rows to be documents. */
    @JsonIgnore
    public boolean isUsed() {
        return !sources.isEmpty() || cleans() || nearDedup.enabled() || decontaminate.enabled();
    }

    /** Whether texts are changed, or left out for what they are by themselves. */
    public boolean cleans() {
        return normalize != Normalization.NONE || !mask.isEmpty() || !filters.isEmpty();
    }

    /** What decides the content of a dataset: all but where the rejected rows go. */
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
