package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.util.List;

/** {@code export}: writes the trained language model as a file for other programs. */
public final class ExportCommand implements Command<ExportCommand.Options, GgufExport.Exported> {
    private static final String GGUF = "gguf";

    /** Arguments of the command. */
    public record Options(
            @Argument(label = "PATH", text = "The file; must not exist.", required = true)
            String output,

            @Argument(label = "FORMAT", text = "The file's format: gguf.", otherwise = GGUF)
            String format,

            @Argument(
                    label = "TYPE",
                    text = "Type of the weights: F32, F16 (default), BF16, Q8_0 or Q4_0.",
                    otherwise = "F16")
            String type) {

        public Options {
            if (!format.equals(GGUF)) {
                throw RunException.config("--format is '" + format + "': it must be " + GGUF);
            }
            type = GgufType.named("--type", type).name();
        }

        private GgufType weights() {
            return GgufType.valueOf(type);
        }
    }

    @Override
    public String name() {
        return "export";
    }

    @Override
    public int place() {
        return 112;
    }

    @Override
    public Help help() {
        return new Help(
                "Write the trained language model as a file for llama.cpp.",
                List.of("Merges an adapter into its base model first."),
                "--config run.yaml --type Q8_0 --output mails.gguf");
    }

    @Override
    public Class<Options> arguments() {
        return Options.class;
    }

    @Override
    public GgufExport.Exported run(Call call, Options options) {
        return ExportJob.run(call.run(), options.weights(), options.output(), call.hadoop());
    }

    @Override
    public List<String> text(Options options, GgufExport.Exported exported) {
        return List.of("exported  " + exported.summary(options.weights()), "file      " + options.output());
    }
}
