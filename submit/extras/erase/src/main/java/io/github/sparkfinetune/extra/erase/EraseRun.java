package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.spark.command.Call;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Erasure of documents from a run, or from all stages of a pipeline, with the training that it needs. */
final class EraseRun {
    private final List<Stage> stages;
    private final Call call;
    private final Function<RunConfig, Erasing> erasures;

    /**
     * @param call call on the run, or on the stages of a pipeline in their order
     * @param erasures returns the work of an erasure on a run
     */
    EraseRun(Call call, Function<RunConfig, Erasing> erasures) {
        this.stages = call.stages();
        this.call = call;
        this.erasures = erasures;
    }

    /** A stage with its erasure. */
    private record Work(Stage stage, Erasing erase, Erasure erasure) {}

    /**
     * Completes erasures that were interrupted, then erases the chosen documents. A stage after one that is trained
     * again is trained again as a whole.
     *
     * @param plan whether to say only what would be trained again
     * @throws RunException with exit code 3 if no sample holds a chosen document
     */
    void erase(Selection selection, boolean plan) throws IOException {
        Map<Stage, Erasing> erasing = new LinkedHashMap<>();
        stages.forEach(stage -> erasing.put(stage, erasures.apply(stage.config())));
        List<Work> unfinished = new ArrayList<>();
        erasing.forEach((stage, erase) ->
                erase.unfinished().ifPresent(erasure -> unfinished.add(new Work(stage, erase, erasure))));
        if (!unfinished.isEmpty()) {
            unfinished.forEach(
                    work -> say(work, "unfinished since " + work.erasure().started()));
            if (plan) {
                return;
            }
            finish(withLater(erasing, unfinished));
        }
        List<Work> found = withLater(erasing, found(erasing, selection));
        found.forEach(work -> say(work, null));
        if (!plan) {
            finish(found);
        }
    }

    /** Finds the stages that hold the chosen documents; none if they are erased already. */
    private List<Work> found(Map<Stage, Erasing> erasing, Selection selection) throws IOException {
        List<Work> found = new ArrayList<>();
        List<RunException> refusals = new ArrayList<>();
        boolean isErased = false;
        for (Map.Entry<Stage, Erasing> one : erasing.entrySet()) {
            Stage stage = one.getKey();
            Erasing erase = one.getValue();
            try {
                Erasure erasure = erase.find(selection);
                if (!erasure.places().isEmpty()) {
                    found.add(new Work(stage, erase, erasure));
                } else if (erase.areErased(erasure)) {
                    call.say("erased    " + String.join(", ", erasure.documents()));
                    isErased = true;
                } else {
                    refusals.add(unknown(selection, stage.config(), erase));
                }
            } catch (RunException e) {
                if (stages.size() == 1) {
                    throw e;
                }
                refusals.add(e);
            }
        }
        if (found.isEmpty() && !isErased) {
            throw refusals.get(0);
        }
        return found;
    }

    /** Adds the stages after the first one that is trained again. */
    private static List<Work> withLater(Map<Stage, Erasing> erasing, List<Work> some) {
        List<Work> all = new ArrayList<>();
        boolean isLater = false;
        for (Map.Entry<Stage, Erasing> one : erasing.entrySet()) {
            Stage stage = one.getKey();
            Optional<Work> own =
                    some.stream().filter(work -> work.stage().equals(stage)).findFirst();
            if (isLater && own.filter(work -> work.erasure().started() != null).isEmpty()) {
                Erasure again = one.getValue().again();
                if (again.replay().firstUse() > 0) {
                    own = Optional.of(new Work(
                            stage,
                            one.getValue(),
                            own.map(work -> work.erasure().with(again.replay())).orElse(again)));
                }
            }
            own.ifPresent(all::add);
            isLater = isLater
                    || own.filter(work -> work.erasure().replay().firstUse() > 0)
                            .isPresent();
        }
        return all;
    }

    private void say(Work work, String first) {
        if (stages.size() > 1) {
            call.say("stage     " + work.stage().name());
        }
        if (first != null) {
            call.say(first);
        }
        lines(work.erasure()).forEach(call::say);
    }

    /** Returns the error of a document that no sample holds, with the reason if it was left out. */
    private static RunException unknown(Selection selection, RunConfig run, Erasing erase) {
        String reason =
                erase.droppedBecause(selection).map(why -> " (" + why + ")").orElse("");
        return RunException.data(
                selection.shown() + " is in no sample of " + run.dataset() + reason + ": nothing was changed");
    }

    private void finish(List<Work> some) throws IOException {
        // A later stage reads the model of an earlier one, so it begins before that model is deleted, and no stage ends
        // before all have begun.
        List<Work> begun = new ArrayList<>();
        for (int i = some.size() - 1; i >= 0; i--) {
            Work work = some.get(i);
            begun.add(0, new Work(work.stage(), work.erase(), work.erase().begin(work.erasure())));
        }
        for (Work work : begun) {
            RunConfig run = work.stage().config();
            if (work.erasure().replay().trains()) {
                call.steps().open(run).again(stages.subList(stages.indexOf(work.stage()) + 1, stages.size()));
            }
            Erasure ended = work.erase().end(work.erasure());
            call.say("erased    " + ended.documents().size() + " document(s), see "
                    + run.output().dir() + "/erasure.json");
        }
        if (stages.size() > 1
                && begun.stream().anyMatch(work -> work.erasure().replay().trains())) {
            call.steps().open(stages.get(0).config()).report(stages);
        }
    }

    /** Returns the lines of an erasure that was found, begun or finished. */
    private static List<String> lines(Erasure erasure) {
        List<String> lines = new ArrayList<>();
        erasure.documents().forEach(hash -> lines.add("document  " + hash));
        lines.add(format(
                "samples   %,d of training, %,d held out, in %,d shard(s)",
                erasure.samples().training(),
                erasure.samples().heldOut(),
                erasure.changes().rewritten().size()));
        Erasure.Replayed replay = erasure.replay();
        if (replay.firstUse() == 0) {
            lines.add("replay    nothing: no step used it");
        } else {
            lines.add(format(
                    "replay    %,d step(s) from %s%s",
                    replay.steps(),
                    replay.from() == null ? "the start" : replay.from(),
                    replay.because() == null
                            ? format(", step %,d is the first that used it", replay.firstUse())
                            : ": " + replay.because()));
        }
        if (replay.firstUse() > 0 && !replay.trains()) {
            lines.add("          the run has not ended: start its training again after this command");
        }
        erasure.outside().forEach(line -> lines.add("outside   " + line));
        return lines;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
