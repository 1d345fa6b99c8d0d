package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.job.Jobs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code push}: uploads the trained model to the Hugging Face Hub. */
@Command(
        name = "push",
        header = "Upload the trained model or adapter to the Hugging Face Hub.",
        description = "HF_TOKEN is your access token, HF_ENDPOINT the address of the Hub.",
        footer = "  finetune push --config run.yaml --repo acme/mails")
final class PushCommand extends JobCommand {
    @Option(
            names = "--repo",
            required = true,
            paramLabel = "ORG/NAME[@BRANCH]",
            description = "The repository; created if it does not exist.")
    private String repository;

    @Option(names = "--public", description = "Makes a new repository public. By default, a new repository is private.")
    private boolean isPublic;

    @Option(names = "--private", hidden = true, description = "The default; kept for scripts that set it.")
    private boolean isPrivate;

    PushCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    boolean readsBaseModel() {
        return false;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) {
        HubName name = HubName.parse(repository)
                .orElseThrow(() ->
                        RunException.config("--repo is '" + repository + "': it must be ORG/NAME, or ORG/NAME@BRANCH"));
        if (isPublic && isPrivate) {
            throw RunException.config("--public and --private contradict each other: leave one out");
        }
        say("commit    " + jobs.push(run, name, !isPublic, line -> say("push      " + line)));
        say("model     " + name);
    }
}
