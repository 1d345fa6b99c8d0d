package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.command.Argument;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;

/** {@code verify-evidence}: checks evidence, alone or against its run. A verdict that differs is an error. */
public final class VerifyEvidenceCommand implements Command<VerifyEvidenceCommand.Options, List<Verdict>> {

    /**
     * Options of the command.
     *
     * @param evidence folder or zip file
     * @param publicKey Ed25519 public key in PEM, or null
     */
    public record Options(
            @Argument(
                    label = "EVIDENCE",
                    text = "Folder or .zip of finetune evidence.",
                    required = true,
                    positional = true)
            String evidence,

            @Argument(label = "FILE", text = "The signer's Ed25519 public key (PEM).")
            String publicKey) {}

    @Override
    public String name() {
        return "verify-evidence";
    }

    @Override
    public int place() {
        return 100;
    }

    @Override
    public Help help() {
        return new Help(
                "Check evidence, alone or against its run. (experimental)",
                List.of(
                        "Checks the signature and the files. With --config, also hashes all files of the",
                        "run and evaluates its model again. Exits with 3 if anything differs."),
                "evidence.zip --public-key public.pem");
    }

    @Override
    public Class<Options> arguments() {
        return Options.class;
    }

    @Override
    public boolean needsRun() {
        return false;
    }

    @Override
    public List<Verdict> run(Call call, Options options) throws IOException {
        PublicKey key =
                options.publicKey() == null ? null : IndexSignature.publicKey(options.publicKey(), call.hadoop());
        Evidence read = Evidence.read(options.evidence(), call.hadoop());
        List<Verdict> verdicts = new ArrayList<>(shown(call, read.check(key)));
        if (call.run() != null) {
            RunFolder folder = RunFolder.of(call.run(), call.hadoop());
            verdicts.addAll(shown(
                    call, new EvidenceJob(call.session(), call.run()).compare(read, MetricsFile.heldOut(folder))));
        }
        long differing = verdicts.stream().filter(Verdict::differs).count();
        if (differing > 0) {
            throw RunException.data(options.evidence() + " does not hold: " + differing + " of " + verdicts.size()
                    + " checks differ, see above");
        }
        return verdicts;
    }

    private static List<Verdict> shown(Call call, List<Verdict> verdicts) {
        verdicts.forEach(verdict -> call.say(verdict.line()));
        return verdicts;
    }

    /** Returns no line: a verdict is shown as soon as it is known. */
    @Override
    public List<String> text(Options options, List<Verdict> verdicts) {
        return List.of();
    }
}
