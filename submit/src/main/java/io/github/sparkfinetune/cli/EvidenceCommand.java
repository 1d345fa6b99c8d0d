package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.RunOptions;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.Execution;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.RunFile;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.evidence.Evidence;
import io.github.sparkfinetune.spark.evidence.Evidencing;
import io.github.sparkfinetune.spark.evidence.IndexSignature;
import io.github.sparkfinetune.spark.evidence.Verdict;
import java.io.IOException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code evidence}: collects what an auditor needs to know of a finished run. */
@Command(
        name = "evidence",
        header = "Collect what an auditor needs of a run. (experimental)",
        description = {
            "Cards, Croissant, lineage, bill of materials, hashes, and figures with the",
            "command that recomputes each; no text and no value of a row."
        },
        footer = "  finetune evidence --config run.yaml --sign key.pem")
final class EvidenceCommand extends JobCommand {
    @Option(
            names = "--output",
            paramLabel = "PATH",
            description = "New folder or .zip; by default evidence in output.dir.")
    private String output;

    @Option(names = "--sign", paramLabel = "KEY", description = "Ed25519 private key (PEM) that signs the index.")
    private String key;

    @Option(
            names = "--answers",
            paramLabel = "FILE",
            description = "YAML file with what the run cannot know, such as provider.")
    private String answers;

    EvidenceCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        PrivateKey signer = key == null ? null : IndexSignature.privateKey(key, jobs.hadoop());
        RunFolder folder = RunFolder.of(run, jobs.hadoop());
        if (!MetricsFile.isMeasured(folder)) {
            throw RunException.data(
                    "output.dir: " + run.output().dir() + " is not a finished run: train and evaluate it first");
        }
        Evidencing.Collected collected = jobs.evidence(run)
                .collect(new Evidencing.Request(output, MetricsFile.heldOut(folder), answers, signer));
        collected.warnings().forEach(warning -> say("warning   " + warning));
        collected
                .index()
                .hashes()
                .forEach(group -> say("hashed    %s: %,d file(s)".formatted(group.name(), group.files())));
        say("figures   %,d".formatted(collected.index().figures().size()));
        say("evidence  " + collected.path() + (signer == null ? "" : ", signed"));
    }

    /** {@code verify-evidence}: checks evidence, alone or against its run. A verdict that differs is an error. */
    @Command(
            name = "verify-evidence",
            header = "Check evidence, alone or against its run. (experimental)",
            description = {
                "Checks the signature and the files. With --config, also hashes all files of the",
                "run and evaluates its model again. Exits with 3 if anything differs."
            },
            footer = "  finetune verify-evidence evidence.zip --public-key public.pem")
    static final class Verify extends SparkCommand {
        @Parameters(paramLabel = "EVIDENCE", description = "Folder or .zip of finetune evidence.")
        private String evidence;

        @Option(names = "--public-key", paramLabel = "FILE", description = "The signer's Ed25519 public key (PEM).")
        private String publicKey;

        @ArgGroup(exclusive = false)
        private RunOptions options;

        Verify(Jobs.Opener opener) {
            super(opener);
        }

        @Override
        public Integer call() throws IOException {
            List<Stage> stages = options == null ? List.of() : options.load(List.of());
            if (stages.size() > 1) {
                throw RunException.config(
                        "evidence is of one run: name a stage with --stage, of " + RunFile.names(stages));
            }
            Configuration hadoop = RunFile.hadoop();
            PublicKey key = publicKey == null ? null : IndexSignature.publicKey(publicKey, hadoop);
            Evidence read = Evidence.read(evidence, hadoop);
            List<Verdict> verdicts = new ArrayList<>(shown(read.check(key)));
            if (!stages.isEmpty()) {
                try (Jobs jobs = opener().open(stages.get(0).config(), local())) {
                    Execution execution = new Execution(name(), jobs, this);
                    execution.run(stages, false, () -> {
                        RunConfig run = execution.withModels(stages).get(0).config();
                        RunFolder folder = RunFolder.of(run, jobs.hadoop());
                        verdicts.addAll(shown(jobs.evidence(run).compare(read, MetricsFile.heldOut(folder))));
                    });
                }
            }
            long differing = verdicts.stream().filter(Verdict::differs).count();
            if (differing > 0) {
                throw RunException.data(evidence + " does not hold: " + differing + " of " + verdicts.size()
                        + " checks differ, see above");
            }
            return ExitCode.DONE.code();
        }

        private List<Verdict> shown(List<Verdict> verdicts) {
            verdicts.forEach(verdict -> say("%-10s%s%s"
                            .formatted(
                                    verdict.subject(),
                                    verdict.subject().length() < 10 ? "" : " ",
                                    verdict.differs() ? "DIFFERS: " : "")
                    + verdict.text()));
            return verdicts;
        }
    }
}
