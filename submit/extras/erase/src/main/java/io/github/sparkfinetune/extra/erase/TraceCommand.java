package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code trace}: shows what happened to one document. */
public final class TraceCommand implements Command<TraceCommand.Options, Trace> {
    /** Arguments of the command. */
    public record Options(
            @Argument(label = "FILE", text = "The document: a text, or a row as one JSON object.")
            String textFile,

            @Argument(label = "HASH", text = "Or the hash of its content, as shown by trace.")
            String hash) {

        public Options {
            if ((textFile == null) == (hash == null)) {
                throw RunException.config("trace takes one document: give it --text-file or --hash");
            }
        }
    }

    @Override
    public String name() {
        return "trace";
    }

    @Override
    public int place() {
        return 74;
    }

    @Override
    public Help help() {
        return new Help(
                "Show where one document went, and which steps train on it.",
                List.of("Computed from the text, the dataset and the training order, as if a run with"
                        + " these settings had finished."),
                "--config run.yaml --text-file mail.txt");
    }

    @Override
    public Class<Options> arguments() {
        return Options.class;
    }

    @Override
    public Trace run(Call call, Options options) {
        return options.hash() == null
                ? TraceJob.ofFile(call.session(), call.run(), "--text-file", options.textFile())
                : TraceJob.ofHash(call.session(), call.run(), "--hash", options.hash());
    }

    @Override
    public List<String> text(Options options, Trace trace) {
        List<String> lines = new ArrayList<>();
        if (trace.hash() != null) {
            lines.add("hash      " + trace.hash());
        }
        for (Trace.Source source : trace.sources()) {
            lines.add(format("source    %s: %s, in %s", source.key(), counted(source.rows(), "row"), source.file()));
            if (source.duplicates() > 0) {
                lines.add(format("          %s left out", counted(source.duplicates(), "duplicate")));
            }
        }
        if (trace.droppedBecause() != null) {
            lines.add("dropped   " + trace.droppedBecause());
        }
        for (Trace.Place place : trace.places()) {
            lines.add(format(
                    "%-10s%s, row %,d (sample %,d)%s",
                    place.split(), place.file(), place.row(), place.sample(), document(place)));
            place.uses()
                    .forEach(use -> lines.add(
                            format("used      epoch %d, step %,d, rank %d", use.epoch(), use.step(), use.rank())));
        }
        trace.group()
                .filter(group -> group.rows() > 1)
                .ifPresent(group -> lines.add(format(
                        "group     %s the same %s: they stay on its side of the split",
                        group.rows() == 2 ? "1 other row has" : format("%,d other rows have", group.rows() - 1),
                        group.by())));
        if (trace.others() > 0) {
            lines.add(format(
                    "          %s the same tokens: the samples may be of %s",
                    trace.others() == 1 ? "1 other document has" : format("%,d other documents have", trace.others()),
                    trace.others() == 1 ? "it" : "these"));
        }
        return lines;
    }

    private static String document(Trace.Place place) {
        return place.documents() == 1 ? "" : format(", document %,d of %,d", place.document() + 1, place.documents());
    }

    private static String counted(long count, String thing) {
        return format("%,d %s%s", count, thing, count == 1 ? "" : "s");
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
