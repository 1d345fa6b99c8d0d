package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.AdapterMerge;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.extra.gguf.ExportCommand;
import io.github.sparkfinetune.extra.gguf.GgufType;
import io.github.sparkfinetune.spark.command.Call;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * Writes the language model of a run as {@code FOLDER/TYPE.gguf}, once for each type: {@code GgufFiles RUN_DIR FOLDER}.
 * Prints the folder of the exported model, which is {@code FOLDER/merged} if the run has trained an adapter.
 */
final class GgufFiles {
    private GgufFiles() {}

    public static void main(String[] arguments) {
        Path run = Path.of(arguments[0]);
        Path folder = Path.of(arguments[1]);
        RunConfig config = RunConfigLoader.load(run.resolve("run.yaml"), List.of("output.dir=" + run));
        Configuration hadoop = new Configuration();
        Call call = Call.on(() -> hadoop, config);
        for (GgufType type : GgufType.values()) {
            String file = folder.resolve(type + ".gguf").toString();
            new ExportCommand().run(call, new ExportCommand.Options(file, "gguf", type.name()));
        }
        Path model = Path.of(config.output().model());
        if (AdapterFile.isAdapter(model)) {
            Path merged = folder.resolve("merged");
            TaskSpec spec = TaskSpecs.of(config);
            AdapterMerge.run(
                    config,
                    new AdapterMerge.Task(spec.modelKind().head(), spec.usage(), spec::savedFiles),
                    model.toString(),
                    merged.toString(),
                    hadoop,
                    folder,
                    SafetensorsWriter.MAX_SHARD_SIZE);
            model = merged;
        }
        System.out.println(model);
    }
}
