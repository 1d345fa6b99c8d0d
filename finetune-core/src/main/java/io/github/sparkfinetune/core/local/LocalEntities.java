package io.github.sparkfinetune.core.local;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.predict.EntityModel;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.Redaction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;

/** The model of a run's {@code data.redact} in this process, if there is one. Owns its memory. */
final class LocalEntities implements AutoCloseable {
    private final ModelSpans spans;
    /** The model, or null without one. */
    private final EntityModel model;
    /** Local folder for a copy of the model, or null without one. */
    private final Path copy;

    private LocalEntities(ModelSpans spans, EntityModel model, Path copy) {
        this.spans = spans;
        this.model = model;
        this.copy = copy;
    }

    /**
     * Loads the model.
     *
     * @param config configuration with absolute paths
     * @param threads number of texts that are computed side by side
     */
    static LocalEntities open(RunConfig config, Configuration hadoop, int threads) throws IOException {
        Redaction redaction = Redaction.of(config.data().redact());
        if (redaction == null || redaction.model() == null) {
            return new LocalEntities(ModelSpans.none(), null, null);
        }
        EntityModel.check(redaction.model(), hadoop);
        Path copy = Files.createTempDirectory("redact-");
        try {
            EntityModel model = EntityModel.load(redaction.model(), hadoop, copy, threads);
            return new LocalEntities(ModelSpans.of(model), model, copy);
        } catch (IOException | RuntimeException e) {
            HadoopFiles.deleteLocal(copy);
            throw e;
        }
    }

    ModelSpans spans() {
        return spans;
    }

    @Override
    public void close() {
        if (model != null) {
            model.close();
            HadoopFiles.deleteLocal(copy);
        }
    }
}
