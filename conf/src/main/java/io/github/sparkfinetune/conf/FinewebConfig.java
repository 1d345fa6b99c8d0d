package io.github.sparkfinetune.conf;

import java.io.Serializable;

/** Thresholds of FineWeb's additional rules (Penedo et al. 2024, section 3.6). */
public record FinewebConfig(
        double linePunctThr,
        boolean linePunctExcludeZero,
        double shortLineThr,
        int shortLineLength,
        double charDuplicatesRatio,
        double newLineRatio)
        implements Serializable {
    private static final String KEY = "data.corpus.fineweb.";

    public FinewebConfig {
        Check.share(KEY + "line_punct_thr", linePunctThr);
        Check.share(KEY + "short_line_thr", shortLineThr);
        Check.notNegative(KEY + "short_line_length", shortLineLength);
        Check.share(KEY + "char_duplicates_ratio", charDuplicatesRatio);
        Check.notNegative(KEY + "new_line_ratio", newLineRatio);
    }
}
