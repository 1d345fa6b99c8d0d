package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.FinewebConfig;

/**
 * The rules that FineWeb adds (Penedo et al. 2024, section 3.6), measured as datatrove measures them. Lines lie between
 * line feeds; blank lines are left out. The share of repeated characters counts all characters except line feeds.
 */
final class Fineweb implements DocumentFilter {
    private final FinewebConfig limits;
    private final Duplicates duplicates = new Duplicates();

    Fineweb(FinewebConfig limits) {
        this.limits = limits;
    }

    @Override
    public String rejects(DocumentText document) {
        int[] text = document.codePoints();
        int length = document.length();
        duplicates.clear();
        int ended = 0;
        int shortOnes = 0;
        int lineFeeds = 0;
        int start = 0;
        for (int at = 0; at <= length; at++) {
            if (at < length && text[at] != '\n') {
                continue;
            }
            lineFeeds += at < length ? 1 : 0;
            if (DocumentText.skip(text, start, at, CharClass.SPACE) < at) {
                ended += CharClass.is(text[at - 1], CharClass.SENTENCE_END) ? 1 : 0;
                shortOnes += at - start <= limits.shortLineLength() ? 1 : 0;
                duplicates.add(text, start, at);
            }
            start = at + 1;
        }
        double lines = duplicates.pieces();
        if (ended / lines < limits.linePunctThr() && !(ended == 0 && limits.linePunctExcludeZero())) {
            return "line_punct_thr";
        }
        if (shortOnes / lines > limits.shortLineThr()) {
            return "short_line_thr";
        }
        if (duplicates.characters() / (double) (length - lineFeeds) > limits.charDuplicatesRatio()) {
            return "char_duplicates_ratio";
        }
        return lineFeeds / (double) document.words().size() > limits.newLineRatio() ? "new_line_ratio" : null;
    }
}
