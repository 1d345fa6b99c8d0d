package io.github.sparkfinetune.extra.explain;

import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** {@code explain}: finds the training documents behind predictions. */
public final class ExplainCommand implements Command<ExplainRequest, Explained> {
    /** Rows that are shown; the output folder has all. */
    private static final int ROWS = 3;
    /** Documents that are shown on each side of a row. */
    private static final int DOCUMENTS = 3;

    private static final int WIDTH = 60;

    @Override
    public String name() {
        return "explain";
    }

    @Override
    public int place() {
        return 72;
    }

    @Override
    public Help help() {
        return new Help(
                "Find training documents behind predictions. (experimental)",
                List.of(
                        "Ranks all training documents by their influence on each row (TracIn), with",
                        "the checkpoints of the run."),
                "--config run.yaml --input wrong.jsonl --output reasons");
    }

    @Override
    public Class<ExplainRequest> arguments() {
        return ExplainRequest.class;
    }

    @Override
    public Explained run(Call call, ExplainRequest request) {
        return ExplainJob.run(call.session(), call.run(), request);
    }

    /** Returns a line on the whole, then the lines of the first rows. */
    @Override
    public List<String> text(ExplainRequest request, Explained explained) {
        List<String> lines = new ArrayList<>();
        lines.add(format(
                "explained %,d row(s) by %,d checkpoint(s)",
                explained.explanations().size(), explained.checkpoints()));
        if (explained.unusable() > 0) {
            lines.add(format(
                    "warning   %,d row(s) cannot be used; the first: %s", explained.unusable(), explained.reason()));
        }
        explained.explanations().stream().limit(ROWS).forEach(row -> {
            lines.add(format("row %-5d %s", row.index(), labelled(row.label(), row.text())));
            Stream.concat(
                            row.supporting().stream().limit(DOCUMENTS),
                            row.opposing().stream().limit(DOCUMENTS))
                    .forEach(document -> lines.add(line(document)));
        });
        lines.add("reasons   " + request.output());
        return lines;
    }

    private static String line(Explanation.Document document) {
        return format(
                "%+9.1e %s%s",
                document.influence(),
                labelled(document.label(), document.text()),
                document.hash() == null ? "" : ", " + document.hash());
    }

    private static String labelled(String label, String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        String shown = line.length() <= WIDTH ? line : line.substring(0, WIDTH - 1) + "…";
        return label == null ? shown : label + ": " + shown;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
