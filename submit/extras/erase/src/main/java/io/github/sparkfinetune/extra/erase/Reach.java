package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import java.util.ArrayList;
import java.util.List;

/** Finds the steps that depend on erased documents, and the copies outside of the run that may hold them. */
final class Reach {
    private Reach() {}

    /** Returns what makes every step depend on the documents, or null. */
    static String ofAll(RunConfig config, List<ErasedShards.Part> parts) {
        boolean trains = parts.stream().anyMatch(part -> part.file().split().equals(Manifest.TRAIN));
        boolean evaluates = parts.stream().anyMatch(part -> part.file().split().equals(Manifest.EVAL));
        if (evaluates) {
            return "evaluations while training chose the model";
        }
        if (trains && config.teacher().teaches()) {
            return "the teacher is asked again";
        }
        if (References.areRead(config)) {
            return "the initial model is asked again";
        }
        if (trains && config.training().privacy().protectsSamples()) {
            return "which steps used a sample is secret";
        }
        ClassWeight weights = config.classification().classWeight();
        return trains && weights != null && weights.value().equals(ClassWeight.BALANCED)
                ? "the weights of the labels follow from the rows"
                : null;
    }

    /** Returns what is outside of the run and may still hold the documents. */
    static List<String> outside(RunConfig config) {
        List<String> outside = new ArrayList<>();
        outside.add("the sources that data names: delete the documents there too, before data.dir is prepared anew");
        if (config.data().corpus().quarantine() != null) {
            outside.add("the rows in " + config.data().corpus().quarantine());
        }
        if (!config.dataset().startsWith(config.output().dir() + "/")) {
            outside.add("other runs that were trained on " + config.dataset() + ": erase the documents there too");
        }
        outside.add("copies of the model and of predictions outside of "
                + config.output().dir() + ", models trained from them, and trackers");
        outside.add("versions, snapshots and backups that the file systems keep of deleted files");
        return outside;
    }
}
