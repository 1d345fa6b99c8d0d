package io.github.sparkfinetune.conf.corpus;

import io.github.sparkfinetune.conf.key.Check;
import java.io.Serializable;

/**
 * Thresholds of FineWeb's additional rules (Penedo et al. 2024, section 3.6).
 *
 * @param linePunctThr lowest fraction of lines that end a sentence
 * @param linePunctExcludeZero whether a document without any such line is kept
 * @param shortLineThr highest fraction of short lines
 * @param shortLineLength most characters of a short line
 * @param charDuplicatesRatio highest fraction of characters in repeated lines
 * @param newLineRatio most line ends for each word
 */
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
