package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.spark.command.RunSteps;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;

/**
 * Steps of a run for a registered command.
 *
 * @param progress starts the display of a training
 */
record CommandSteps(Pipeline pipeline, Supplier<Progress> progress) implements RunSteps {

    @Override
    public void again(List<Stage> later) throws IOException {
        pipeline.again(progress.get());
        pipeline.mergeForLater(later);
        pipeline.sayReport();
    }

    @Override
    public void report(List<Stage> stages) throws IOException {
        pipeline.report(stages);
    }
}
