package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.ProgressOption;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.EraseRun;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.spark.erase.Selection;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code erase}: removes documents from a dataset and from the model that was trained on it. */
@Command(
        name = "erase",
        header = "Erase documents from dataset and model. (experimental)",
        description = "The result is a run without them, to the bit. After a kill start it again.",
        footer = "  finetune erase --config run.yaml --where patient=4711 --plan")
final class EraseCommand extends JobCommand {
    @Mixin
    private ProgressOption progress;

    @Option(names = "--hash", paramLabel = "HASH", description = "Hash of a document, as shown by trace.")
    private String hash;

    @Option(names = "--text-file", paramLabel = "FILE", description = "Or the document: a text, or a row as JSON.")
    private String textFile;

    @Option(names = "--where", paramLabel = "COL=VAL", description = "Or all rows with this value in a column.")
    private String where;

    @Option(names = "--subject", paramLabel = "VALUE", description = "Or all rows with this data.subject.")
    private String subject;

    @Option(names = "--as-prepared", description = "Find --where or --hash in no source.")
    private boolean asPrepared;

    @Option(names = "--near-duplicates", description = "Also documents that are nearly equal to these.")
    private boolean nearDuplicates;

    @Option(names = "--plan", description = "Only show what would be trained again.")
    private boolean plan;

    EraseCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    int trainings() {
        return plan ? 0 : 1;
    }

    @Override
    boolean writesStatus() {
        return !plan;
    }

    @Override
    boolean runsPipelines() {
        return true;
    }

    @Override
    void execute(List<Stage> stages, Jobs jobs) throws IOException {
        new EraseRun(stages, jobs, this, () -> progress.start(err())).erase(selection(), plan);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        execute(List.of(new Stage("", run)), jobs);
    }

    private Selection selection() {
        List<Selection> given = Stream.of(
                        Optional.ofNullable(hash).map(value -> chosen(Selection.Kind.HASH, value)),
                        Optional.ofNullable(textFile).map(value -> chosen(Selection.Kind.FILE, value)),
                        Optional.ofNullable(where).map(value -> chosen(Selection.Kind.WHERE, value)),
                        Optional.ofNullable(subject).map(value -> chosen(Selection.Kind.SUBJECT, value)))
                .flatMap(Optional::stream)
                .toList();
        if (given.size() != 1) {
            throw RunException.config(
                    "erase takes one choice of documents: give it --hash, --text-file, --where or --subject");
        }
        return given.get(0);
    }

    private Selection chosen(Selection.Kind kind, String value) {
        return new Selection(kind, value, nearDuplicates, asPrepared);
    }
}
