package io.github.sparkfinetune.extra.audit;

import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code audit}: ranks the rows of a classification by how doubtful their labels are. */
public final class AuditCommand implements Command<AuditOptions, Audited> {
    @Override
    public String name() {
        return "audit";
    }

    @Override
    public int place() {
        return 103;
    }

    @Override
    public Help help() {
        return new Help(
                "Rank training rows by how doubtful their labels are. (experimental)",
                List.of("Models judge rows that they did not train on. After a kill start it again."),
                "--config run.yaml --output data/audit");
    }

    @Override
    public Class<AuditOptions> arguments() {
        return AuditOptions.class;
    }

    @Override
    public boolean trains() {
        return true;
    }

    @Override
    public int trainings(AuditOptions options) {
        return options.together();
    }

    @Override
    public Audited run(Call call, AuditOptions options) throws IOException {
        return new AuditJob(call.session(), call.run(), options, call::say).run();
    }

    @Override
    public List<String> text(AuditOptions options, Audited audited) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "audited   %,d rows: %,d wrong, %,d conflicting, %,d near-equal",
                audited.rows(),
                audited.wrong(),
                audited.conflicting(),
                audited.nearEqual()));
        for (Audited.Doubt doubt : audited.first()) {
            lines.add(String.format(
                    Locale.ROOT,
                    "%-10d%s, or %s? %.4f  %s",
                    doubt.rank(),
                    doubt.label(),
                    doubt.suggested(),
                    doubt.probability(),
                    doubt.beginning()));
        }
        lines.add("rows      " + options.output() + "/" + AuditFolder.ROWS);
        return lines;
    }
}
