package io.github.sparkfinetune.job.session;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import io.github.sparkfinetune.job.Progress;
import io.github.sparkfinetune.job.Promotion;
import io.github.sparkfinetune.job.group.GroupRun;
import io.github.sparkfinetune.job.tune.TuneOptions;
import io.github.sparkfinetune.job.tune.TuneRun;
import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.command.Commands;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Step of a run, with the arguments of the command of the same name.
 *
 * @param writesStatus whether the result is written to the output folder
 */
record SessionStep(boolean writesStatus, Work work) {

    /**
     * Objects that a step works on.
     *
     * @param progress starts the display of a training
     */
    record In(RunConfig run, Jobs jobs, Console console, Supplier<Progress> progress) {
        private Pipeline pipeline() throws IOException {
            return new Pipeline(run, jobs, console);
        }
    }

    /** Work of a step. */
    interface Work {
        void on(In in) throws IOException;
    }

    private interface Known {
        SessionStep with(Arguments given);
    }

    private static final Map<String, Known> KNOWN = Map.ofEntries(
            Map.entry("prepare", given -> writing(in -> in.pipeline().prepare())),
            Map.entry(
                    "train",
                    given -> writing(in -> in.pipeline().train(in.progress().get()))),
            Map.entry("evaluate", SessionStep::evaluate),
            Map.entry(
                    "fit",
                    given -> writing(in -> in.pipeline().fit(in.progress().get()))),
            Map.entry("fit_per", given -> writing(in -> groups(in, given).fit())),
            Map.entry("run_per", given -> writing(in -> groups(in, given).run())),
            Map.entry("predict", SessionStep::predict),
            Map.entry("predict_per", SessionStep::predictPer),
            Map.entry("promote", SessionStep::promote),
            Map.entry("register", SessionStep::register),
            Map.entry("tune", SessionStep::tune),
            Map.entry("merge", SessionStep::merge));

    /** @throws RunException if there is no step of this name */
    static void require(String name) {
        if (!KNOWN.containsKey(name) && Commands.named(name).isEmpty()) {
            throw RunException.config("there is no step " + name
                    + ": use the Python package and spark-finetune-VERSION.jar of one version");
        }
    }

    /** @throws RunException if there is no step of this name */
    static SessionStep of(String name, Arguments given) {
        require(name);
        return KNOWN.containsKey(name)
                ? KNOWN.get(name).with(given)
                : registered(Commands.named(name).orElseThrow(), given);
    }

    private static <A extends Record, R> SessionStep registered(Command<A, R> command, Arguments given) {
        A arguments = new io.github.sparkfinetune.spark.command.Arguments<>(command.arguments()).of(given.json());
        return new SessionStep(command.trainings(arguments) > 0, in -> {
            List<Stage> stages = List.of(Stage.only(in.run()));
            R result = in.jobs().run(command, stages, arguments, in.progress(), in.console());
            command.text(arguments, result).forEach(in.console()::say);
        });
    }

    private static SessionStep writing(Work work) {
        return new SessionStep(true, work);
    }

    private static SessionStep evaluate(Arguments given) {
        String input = given.optional("input");
        if (input == null) {
            return writing(in -> in.pipeline().evaluate());
        }
        String output = given.text("output");
        return new SessionStep(false, in -> in.pipeline().evaluate(input, output));
    }

    private static SessionStep predict(Arguments given) {
        String input = given.text("input");
        String output = given.text("output");
        return new SessionStep(false, in -> in.pipeline().predict(input, output));
    }

    private static SessionStep predictPer(Arguments given) {
        String input = given.text("input");
        String output = given.text("output");
        return new SessionStep(false, in -> groups(in, given).predict(input, output));
    }

    private static GroupRun groups(In in, Arguments given) throws IOException {
        return new GroupRun(in.run(), given.text("column"), given.number("together"), in.jobs(), in.console());
    }

    private static SessionStep promote(Arguments given) {
        String alias = given.optional("alias");
        Promotion promotion = new Promotion(
                given.text("pointer"),
                given.optional("metric"),
                given.optional("run_id"),
                alias == null ? Promotion.CHAMPION : alias);
        return writing(in -> promotion.of(in.run(), in.jobs(), in.console()));
    }

    private static SessionStep register(Arguments given) {
        String function = given.text("function");
        return new SessionStep(false, in -> in.jobs().register(in.run(), function));
    }

    private static SessionStep merge(Arguments given) {
        String output = given.text("output");
        String adapter = given.optional("adapter");
        return new SessionStep(false, in -> in.pipeline().merge(adapter, output));
    }

    private static SessionStep tune(Arguments given) {
        TuneOptions options = new TuneOptions(
                given.texts("tries"), given.number("trials"), given.number("halving"), given.number("together"));
        return writing(in -> new TuneRun(in.run(), options, in.jobs(), in.console()).search(in.progress()));
    }
}
