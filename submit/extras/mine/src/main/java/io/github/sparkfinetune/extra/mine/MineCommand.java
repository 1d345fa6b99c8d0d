package io.github.sparkfinetune.extra.mine;

import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.util.List;

/** {@code mine}: finds hard negatives for the pairs of an embedding run. */
public final class MineCommand implements Command<MineOptions, MineJob.Mined> {
    @Override
    public String name() {
        return "mine";
    }

    @Override
    public int place() {
        return 102;
    }

    @Override
    public Help help() {
        return new Help(
                "Find texts wrongly ranked as matches. (experimental)",
                List.of(),
                "--config run.yaml --output data/with-negatives");
    }

    @Override
    public Class<MineOptions> arguments() {
        return MineOptions.class;
    }

    @Override
    public MineJob.Mined run(Call call, MineOptions options) {
        return MineJob.run(call.session(), call.run(), options);
    }

    @Override
    public List<String> text(MineOptions options, MineJob.Mined mined) {
        return List.of("mined     " + mined.summary(), "pairs     " + options.output());
    }
}
