package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.List;

/** {@code evidence}: collects what an auditor needs to know of a finished run. */
public final class EvidenceCommand implements Command<EvidenceCommand.Options, EvidenceJob.Collected> {

    /**
     * Options of the command.
     *
     * @param output new folder or zip file; null for {@code evidence} in the output folder
     * @param sign Ed25519 private key in PEM, or null
     * @param answers YAML file with answers of a person, or null
     */
    public record Options(
            @Argument(label = "PATH", text = "New folder or .zip; by default evidence in output.dir.")
            String output,

            @Argument(label = "KEY", text = "Ed25519 private key (PEM) that signs the index.")
            String sign,

            @Argument(label = "FILE", text = "YAML file with what the run cannot know, such as provider.")
            String answers) {}

    @Override
    public String name() {
        return "evidence";
    }

    @Override
    public int place() {
        return 90;
    }

    @Override
    public Help help() {
        return new Help(
                "Collect what an auditor needs of a run. (experimental)",
                List.of(
                        "Cards, Croissant, lineage, bill of materials, hashes, and figures with the",
                        "command that recomputes each; no text and no value of a row."),
                "--config run.yaml --sign key.pem");
    }

    @Override
    public Class<Options> arguments() {
        return Options.class;
    }

    @Override
    public EvidenceJob.Collected run(Call call, Options options) throws IOException {
        PrivateKey signer = options.sign() == null ? null : IndexSignature.privateKey(options.sign(), call.hadoop());
        RunFolder folder = RunFolder.of(call.run(), call.hadoop());
        if (!MetricsFile.isMeasured(folder)) {
            throw RunException.data(
                    "output.dir: " + call.run().output().dir() + " is not a finished run: train and evaluate it first");
        }
        return new EvidenceJob(call.session(), call.run())
                .collect(new EvidenceJob.Request(
                        options.output(), MetricsFile.heldOut(folder), options.answers(), signer));
    }

    @Override
    public List<String> text(Options options, EvidenceJob.Collected collected) {
        List<String> lines = new ArrayList<>();
        collected.warnings().forEach(warning -> lines.add("warning   " + warning));
        collected
                .index()
                .hashes()
                .forEach(group -> lines.add("hashed    %s: %,d file(s)".formatted(group.name(), group.files())));
        lines.add("figures   %,d".formatted(collected.index().figures().size()));
        lines.add("evidence  " + collected.path() + (options.sign() == null ? "" : ", signed"));
        return lines;
    }
}
