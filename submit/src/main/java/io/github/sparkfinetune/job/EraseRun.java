package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.erase.Erasing;
import io.github.sparkfinetune.spark.erase.Erasure;
import io.github.sparkfinetune.spark.erase.Selection;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;

/** Erasure of documents from a run with the training that it needs. */
public final class EraseRun {
    private final RunConfig run;
    private final Jobs jobs;
    private final Console console;
    private final Supplier<Progress> progress;

    /** @param progress starts the display of a training */
    public EraseRun(RunConfig run, Jobs jobs, Console console, Supplier<Progress> progress) {
        this.run = run;
        this.jobs = jobs;
        this.console = console;
        this.progress = progress;
    }

    /**
     * Completes an erasure that was interrupted, then erases the chosen documents.
     *
     * @param plan whether to say only what would be trained again
     * @throws RunException with exit code 3 if no sample holds a chosen document
     */
    public void erase(Selection selection, boolean plan) throws IOException {
        Erasing erase = jobs.erase(run);
        Optional<Erasure> unfinished = erase.unfinished();
        if (unfinished.isPresent()) {
            console.say("unfinished since " + unfinished.get().started());
            EraseText.lines(unfinished.get()).forEach(console::say);
            if (plan) {
                return;
            }
            finish(erase, unfinished.get());
        }
        Erasure found = erase.find(selection);
        if (found.places().isEmpty()) {
            if (erase.areErased(found)) {
                console.say("erased    " + String.join(", ", found.documents()));
                return;
            }
            throw unknown(selection);
        }
        EraseText.lines(found).forEach(console::say);
        if (!plan) {
            finish(erase, found);
        }
    }

    /** Returns the error of a document that no sample holds, with the reason if it was left out. */
    private RunException unknown(Selection selection) {
        String reason = switch (selection.kind()) {
            case HASH -> jobs.traceHash(run, selection.value()).droppedBecause();
            case FILE -> jobs.traceFile(run, selection.value()).droppedBecause();
            case WHERE -> null;
        };
        return RunException.data(selection.shown() + " is in no sample of " + run.dataset()
                + (reason == null ? "" : " (" + reason + ")") + ": nothing was changed");
    }

    private void finish(Erasing erase, Erasure erasure) throws IOException {
        Erasure begun = erase.begin(erasure);
        if (begun.replay().trains()) {
            Pipeline pipeline = new Pipeline(run, jobs, console);
            pipeline.again(progress.get());
            pipeline.sayReport();
        }
        Erasure ended = erase.end(begun);
        console.say("erased    " + ended.documents().size() + " document(s), see "
                + run.output().dir() + "/erasure.json");
    }
}
