package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.Arrays;
import java.util.List;

/** Configurations and texts for tests. */
final class Corpora {
    private static final String RUN = "{model: m, task: causal-lm, data: {train: t}, output: {dir: o}}";

    private Corpora() {}

    /** Returns the defaults changed by {@code key=value} below {@code data.corpus}. */
    static CorpusConfig config(String... settings) {
        List<String> overrides =
                Arrays.stream(settings).map("data.corpus."::concat).toList();
        return RunConfigLoader.parse(RUN, "test.yaml", overrides).data().corpus();
    }

    static String verdict(DocumentFilter filter, String text) {
        DocumentText document = new DocumentText();
        document.set(text);
        return filter.rejects(document);
    }

    /** Repeats a piece, with blanks between. */
    static String times(int count, String piece) {
        return (piece + " ").repeat(count).strip();
    }

    /** Repeats a line. */
    static String lines(int count, String line) {
        return (line + "\n").repeat(count);
    }

    /** Returns different words of four characters, with blanks between. */
    static String different(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : " ");
            for (int rest = i + 26 * 26 * 26, letter = 0; letter < 4; letter++, rest /= 26) {
                text.append((char) ('a' + rest % 26));
            }
        }
        return text.toString();
    }
}
