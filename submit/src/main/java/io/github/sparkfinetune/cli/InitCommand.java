package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.RunOptions;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.spark.init.InitJob;
import io.github.sparkfinetune.spark.init.InitRequest;
import io.github.sparkfinetune.spark.init.Proposal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code init}: inspects data and a model and writes the file of a run that trains the model on the data. */
@Command(
        name = "init",
        header = "Inspect data and model, and write a run.yaml that fits.",
        description = "Decides by columns, lengths and labels of the data, size of the model and memory of the machine."
                + " Asks for missing options where somebody can answer.",
        footer = "  finetune init --data data/mails.jsonl --model models/minilm")
final class InitCommand extends SparkCommand {
    @Option(
            names = "--data",
            paramLabel = "PATH",
            description = "Raw text to train on: file, folder, glob or table:NAME.")
    private String data;

    @Option(names = "--model", paramLabel = "PATH", description = "Folder of the base model, or hub:ORG/NAME.")
    private String model;

    @Option(
            names = "--task",
            paramLabel = "TASK",
            description = "Training objective; by default one that fits the data.")
    private String task;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            defaultValue = "run.yaml",
            description = "The file to write; must not exist. By default ${DEFAULT-VALUE}.")
    private String output;

    @Option(names = "--ranks", paramLabel = "N", description = "Training processes; by default as many as fit.")
    private Integer ranks;

    @Option(names = "--memory", paramLabel = "MIB", description = "Memory that a rank may take outside the Java heap.")
    private Integer memory;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            completionCandidates = RunOptions.Assignments.class,
            description = "Set a key, regardless of the data; may be repeated.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--ask", description = "Ask for what is missing; bin/finetune adds it in a terminal.")
    private boolean ask;

    private final Terminal terminal;

    InitCommand(Jobs.Opener opener, Terminal terminal) {
        super(opener);
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        InitRequest request = new InitRequest(
                given("--model", model, "Folder of the base model, or hub:ORG/NAME"),
                given("--data", data, "Raw text to train on (file, folder, glob or table:NAME)"),
                task,
                ranks,
                memory,
                settings);
        RunConfig draft = InitJob.draft(request, Runtime.getRuntime().availableProcessors());
        try (Jobs jobs = opener().open(draft, local())) {
            Path file = new Path(AbsolutePaths.of("--output", output, jobs.hadoop()));
            FileSystem files = HadoopFiles.fileSystem(file, jobs.hadoop());
            if (files.exists(file)) {
                throw RunException.config("--output " + output + ": the file exists already: name another one");
            }
            RunConfig fetched = jobs.fetchModel(draft, line -> say("fetch       " + line));
            Proposal proposal = jobs.propose(request, fetched.model(), this::choose);
            proposal.found().forEach(this::say);
            HadoopFiles.writeWhole(files, file, proposal.yaml().getBytes(StandardCharsets.UTF_8));
            say("wrote       " + output + ":");
            say("");
            proposal.yaml().lines().forEach(this::say);
            say("");
            proposal.plan().refusal().ifPresent(refusal -> say("warning     " + refusal.getMessage()));
            String options = " --config " + output + master();
            say("next        finetune plan" + options + ", then finetune run" + options);
        }
        return ExitCode.DONE.code();
    }

    /** Returns the option for the master on which the data was inspected; empty for this process. */
    private String master() {
        // spark-submit sets this property.
        String master = System.getProperty("spark.master");
        return local() || master == null ? "" : " --master " + master;
    }

    private String given(String option, String value, String question) {
        if (value != null) {
            return value;
        }
        Optional<String> answer = ask ? terminal.ask(question + ": ") : Optional.empty();
        return answer.orElseThrow(() -> RunException.config(option + " is missing: give it, or --ask to be asked"));
    }

    /** Returns the chosen task of the possible tasks. */
    private String choose(Map<String, String> evidence) {
        String first = evidence.keySet().iterator().next();
        if (evidence.size() == 1) {
            return first;
        }
        if (!ask) {
            say("note        the data and the model are for other tasks too, which --task names: "
                    + evidence.keySet().stream().skip(1).collect(Collectors.joining(", ")));
            return first;
        }
        evidence.forEach((name, found) -> say("task        " + name + ": " + found));
        String answer = terminal.ask("Task [" + first + "]: ").orElse(first);
        if (!evidence.containsKey(answer)) {
            throw RunException.config(
                    "task " + answer + " does not fit: it must be one of " + String.join(", ", evidence.keySet()));
        }
        return answer;
    }

    /** A user who can answer questions. */
    @FunctionalInterface
    interface Terminal {
        /** Asks a question; returns empty if the answer is blank or the input has ended. */
        Optional<String> ask(String question);

        /** Returns the user at this process's standard input. */
        static Terminal ofProcess() {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
            PrintStream out = System.out;
            return question -> {
                out.print(question);
                out.flush();
                try {
                    return Optional.ofNullable(in.readLine()).map(String::strip).filter(answer -> !answer.isEmpty());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            };
        }
    }
}
