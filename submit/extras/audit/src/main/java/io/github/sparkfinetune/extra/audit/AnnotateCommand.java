package io.github.sparkfinetune.extra.audit;

import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** {@code annotate}: writes rows whose label a person shall check or choose, for a tool. */
public final class AnnotateCommand implements Command<AnnotateOptions, Integer> {
    @Override
    public String name() {
        return "annotate";
    }

    @Override
    public int place() {
        return 104;
    }

    @Override
    public Help help() {
        return new Help(
                "Write doubtful rows for Label Studio or Argilla. (experimental)",
                List.of("relabel reads the answers."),
                "--config run.yaml --audit data/audit --output tasks");
    }

    @Override
    public Class<AnnotateOptions> arguments() {
        return AnnotateOptions.class;
    }

    @Override
    public boolean readsBaseModel() {
        return false;
    }

    @Override
    public Integer run(Call call, AnnotateOptions options) throws IOException {
        return AnnotateJob.run(call.session(), call.run(), options);
    }

    @Override
    public List<String> text(AnnotateOptions options, Integer rows) {
        return List.of(String.format(Locale.ROOT, "rows      %,d", rows), "files     " + options.output());
    }
}
