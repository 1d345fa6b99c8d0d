package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.report.MetricsFile;
import io.github.sparkfinetune.report.RunFolder;
import io.github.sparkfinetune.spark.evidence.Evidencing;
import io.github.sparkfinetune.spark.evidence.IndexSignature;
import java.io.IOException;
import java.security.PrivateKey;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code evidence}: collects what an auditor needs to know of a finished run. */
@Command(
        name = "evidence",
        header = "Collect what an auditor needs of a finished run.",
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
}
