package io.github.sparkfinetune.job;

import io.github.sparkfinetune.spark.erase.Erasure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Formats what an erasure changes as aligned lines. */
public final class EraseText {
    private EraseText() {}

    /** Returns the lines of an erasure that was found, begun or finished. */
    public static List<String> lines(Erasure erasure) {
        List<String> lines = new ArrayList<>();
        erasure.documents().forEach(hash -> lines.add("document  " + hash));
        lines.add(format(
                "samples   %,d of training, %,d held out, in %,d shard(s)",
                erasure.samples().training(),
                erasure.samples().heldOut(),
                erasure.changes().rewritten().size()));
        Erasure.Replayed replay = erasure.replay();
        if (replay.firstUse() == 0) {
            lines.add("replay    nothing: no step used it");
        } else {
            lines.add(format(
                    "replay    %,d step(s) from %s%s",
                    replay.steps(),
                    replay.from() == null ? "the start" : replay.from(),
                    replay.because() == null
                            ? format(", step %,d is the first that used it", replay.firstUse())
                            : ": " + replay.because()));
        }
        if (replay.firstUse() > 0 && !replay.trains()) {
            lines.add("          the run has not ended: start its training again after this command");
        }
        erasure.outside().forEach(line -> lines.add("outside   " + line));
        return lines;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
