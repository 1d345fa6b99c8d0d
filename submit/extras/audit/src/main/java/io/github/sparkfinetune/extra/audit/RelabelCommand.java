package io.github.sparkfinetune.extra.audit;

import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code relabel}: writes a copy of rows with the labels that people chose. */
public final class RelabelCommand implements Command<RelabelOptions, RelabelJob.Relabelled> {
    @Override
    public String name() {
        return "relabel";
    }

    @Override
    public int place() {
        return 105;
    }

    @Override
    public Help help() {
        return new Help(
                "Copy rows with the labels that people chose. (experimental)",
                List.of(
                        "Writes Parquet with all columns of the rows. Rows without an answer keep their label; rows without",
                        "a label and an answer are left out."),
                "--config run.yaml --answers export.json --output relabelled");
    }

    @Override
    public Class<RelabelOptions> arguments() {
        return RelabelOptions.class;
    }

    @Override
    public boolean readsBaseModel() {
        return false;
    }

    @Override
    public RelabelJob.Relabelled run(Call call, RelabelOptions options) throws IOException {
        return RelabelJob.run(call.session(), call.run(), options);
    }

    @Override
    public List<String> text(RelabelOptions options, RelabelJob.Relabelled relabelled) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "answers   %,d: %,d without a label, %,d without a majority, %,d without a row",
                relabelled.questions(),
                relabelled.open(),
                relabelled.split(),
                relabelled.unknown()));
        lines.add(String.format(
                Locale.ROOT, "rows      %,d, of %,d the label changed", relabelled.rows(), relabelled.changed()));
        lines.add("copy      " + options.output());
        return lines;
    }
}
