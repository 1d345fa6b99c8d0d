package io.github.sparkfinetune.job.connect;

import com.fasterxml.jackson.databind.node.TextNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.job.session.Arguments;
import io.github.sparkfinetune.job.session.SessionRun;
import io.github.sparkfinetune.spark.predict.CorpusVerdicts;
import io.github.sparkfinetune.spark.source.NamedRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.UUID;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The calls of clients. Arguments are JSON. Between two calls the server keeps nothing but temporary views: {@code run}
 * is the whole configuration as {@code ofText} and its siblings return it. DataFrames travel as the names of views.
 */
final class Calls {
    private Calls() {}

    /**
     * Makes a call and returns the JSON of its {@link Answer}.
     *
     * @param session session of the client
     * @param call name of the call
     * @param arguments a JSON object
     */
    static String answer(SparkSession session, String call, String arguments) {
        try {
            return JsonFiles.MAPPER.writeValueAsString(answered(session, call, arguments));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Answer answered(SparkSession session, String call, String arguments) {
        try {
            return call(session, call, Arguments.parse(arguments));
        } catch (Exception e) { // Scala's methods throw checked exceptions that they do not declare
            return Answer.of(Steps.failure(e), null);
        }
    }

    private static Answer call(SparkSession session, String call, Arguments arguments) throws IOException {
        return switch (call) {
            case "ofText" ->
                text(SessionRun.ofText(
                                session,
                                arguments.text("text"),
                                arguments.text("name"),
                                arguments.texts("settings"),
                                arguments.optional("stage"))
                        .json());
            case "ofFile" ->
                text(SessionRun.ofFile(
                                session,
                                arguments.text("path"),
                                arguments.texts("settings"),
                                arguments.optional("stage"))
                        .json());
            case "ofFolder" ->
                text(SessionRun.ofFolder(session, arguments.text("folder")).json());
            case "proposed" ->
                text(SessionRun.proposed(
                        session,
                        arguments.text("model"),
                        arguments.text("data"),
                        arguments.optional("task"),
                        arguments.texts("settings")));
            case "rows" -> text(NamedRows.view(session.table(arguments.text("view"))));
            case "verdicts" ->
                view(CorpusVerdicts.of(
                        session.table(arguments.text("view")), arguments.text("column"), arguments.texts("settings")));
            case "shown" -> Answer.of(Steps.shown(arguments.text("step"), arguments.number("from")));
            case "cancel" -> Answer.of(JsonFiles.MAPPER.valueToTree(Steps.cancel(arguments.text("step"))));
            default -> call(session, call, run(session, arguments), arguments);
        };
    }

    private static SessionRun run(SparkSession session, Arguments arguments) {
        return SessionRun.ofText(session, arguments.text("run"), "run", List.of(), null);
    }

    private static Answer call(SparkSession session, String call, SessionRun run, Arguments arguments)
            throws IOException {
        return switch (call) {
            case "plan" -> Answer.of(JsonFiles.MAPPER.valueToTree(run.plan()));
            case "manifest" -> text(run.manifest());
            case "funnel" -> text(run.funnel());
            case "file" -> text(run.file(arguments.text("name")));
            case "samples" -> view(run.samples(arguments.text("split")));
            case "predictions" -> view(run.predict(session.table(arguments.text("view")), arguments.text("column")));
            case "predictions_per" ->
                view(run.predictPer(
                        session.table(arguments.text("view")), arguments.text("group"), arguments.text("column")));
            case "groups" -> text(run.groups());
            default -> {
                SessionRun.requireStep(call);
                yield Steps.run(
                        session,
                        arguments.text("step"),
                        run,
                        () -> run.step(call, arguments.without("run", "step").toString()));
            }
        };
    }

    private static Answer text(String text) {
        return Answer.of(text == null ? null : TextNode.valueOf(text));
    }

    private static Answer view(Dataset<Row> rows) {
        String name = "finetune_" + UUID.randomUUID().toString().replace("-", "");
        rows.createOrReplaceTempView(name);
        return text(name);
    }
}
