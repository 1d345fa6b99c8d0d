package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.checkpoint.SafetensorsWriter;
import io.github.sparkfinetune.core.checkpoint.TensorData;
import io.github.sparkfinetune.data.Manifest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/** Writes the trained model as a Hugging Face folder. */
final class Export {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private final RunConfig config;
    private final Workspace workspace;
    private final HfFolderWriter writer;

    Export(RunConfig config, RankContext rank, Workspace workspace) {
        this.config = config;
        this.workspace = workspace;
        // The same for every attempt at this run: its output folder is no other run's.
        String run = Integer.toHexString(config.output().dir().hashCode());
        this.writer = new HfFolderWriter(new Path(config.output().model()), rank.hadoop(), run, rank.attempt());
    }

    /** Writes the model as it is now. */
    void write(TrainingResult result) {
        List<TensorData> tensors = workspace.model().parameters().stream()
                .map(parameter -> Workspace.tensor(parameter.name(), parameter.value()))
                .toList();
        String architecture = workspace.model().className();
        ModelCard card = new ModelCard(
                config.model(),
                config.task(),
                architecture,
                workspace.manifest().sources().stream()
                        .map(Manifest.Source::path)
                        .toList(),
                settings(),
                result.eval());
        writer.write(
                workspace.folder(),
                workspace
                        .modelConfig()
                        .asSequenceClassifier(architecture, workspace.manifest().labels(), "float32"),
                tensors,
                card,
                SafetensorsWriter.MAX_SHARD_SIZE);
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("method", config.method().type());
        settings.put("max_length", config.data().maxLength());
        settings.put("ranks", config.cluster().ranks());
        settings.putAll(JSON.convertValue(config.training(), new TypeReference<Map<String, Object>>() {}));
        return settings;
    }
}
