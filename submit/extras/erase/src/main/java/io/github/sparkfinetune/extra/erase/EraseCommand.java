package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** {@code erase}: removes documents from a dataset and from the model that was trained on it. */
public final class EraseCommand implements Command<EraseCommand.Options, Void> {
    /** Arguments of the command. */
    public record Options(
            @Argument(label = "HASH", text = "Hash of a document, as shown by trace.")
            String hash,

            @Argument(label = "FILE", text = "Or the document: a text, or a row as JSON.")
            String textFile,

            @Argument(label = "COL=VAL", text = "Or all rows with this value in a column.")
            String where,

            @Argument(label = "VALUE", text = "Or all rows with this data.subject.")
            String subject,

            @Argument(text = "Find --where or --hash in no source.")
            boolean asPrepared,

            @Argument(text = "Also documents that are nearly equal to these.")
            boolean nearDuplicates,

            @Argument(text = "Only show what would be trained again.")
            boolean plan) {

        public Options {
            if (Stream.of(hash, textFile, where, subject)
                            .filter(Objects::nonNull)
                            .count()
                    != 1) {
                throw RunException.config(
                        "erase takes one choice of documents: give it --hash, --text-file, --where or --subject");
            }
        }

        private Selection selection() {
            if (hash != null) {
                return of(Selection.Kind.HASH, hash);
            }
            if (textFile != null) {
                return of(Selection.Kind.FILE, textFile);
            }
            return where != null ? of(Selection.Kind.WHERE, where) : of(Selection.Kind.SUBJECT, subject);
        }

        private Selection of(Selection.Kind kind, String value) {
            return new Selection(kind, value, nearDuplicates, asPrepared);
        }
    }

    @Override
    public String name() {
        return "erase";
    }

    @Override
    public int place() {
        return 80;
    }

    @Override
    public Help help() {
        return new Help(
                "Erase documents from dataset and model. (experimental)",
                List.of("The result is a run without them, to the bit. After a kill start it again."),
                "--config run.yaml --where patient=4711 --plan");
    }

    @Override
    public Class<Options> arguments() {
        return Options.class;
    }

    @Override
    public boolean runsPipelines() {
        return true;
    }

    @Override
    public boolean trains() {
        return true;
    }

    @Override
    public int trainings(Options options) {
        return options.plan() ? 0 : 1;
    }

    @Override
    public Void run(Call call, Options options) throws IOException {
        new EraseRun(call, run -> new EraseJob(call.session(), run)).erase(options.selection(), options.plan());
        return null;
    }

    /** Returns nothing: an erasure shows its lines while it works. */
    @Override
    public List<String> text(Options options, Void result) {
        return List.of();
    }
}
