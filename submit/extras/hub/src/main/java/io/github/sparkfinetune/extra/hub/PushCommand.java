package io.github.sparkfinetune.extra.hub;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.data.hub.HubSettings;
import io.github.sparkfinetune.spark.command.Argument;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.util.List;

/** {@code push}: uploads the trained model to the Hugging Face Hub. Its result is the commit. */
public final class PushCommand implements Command<PushCommand.Options, String> {

    /** Arguments of the command; {@code --private} is for scripts that set the default. */
    public record Options(
            @Argument(
                    label = "ORG/NAME[@BRANCH]",
                    text = "The repository; created if it does not exist.",
                    required = true)
            String repo,

            @Argument(text = "Makes a new repository public. By default, a new repository is private.")
            boolean isPublic,

            @Argument(text = "The default; kept for scripts that set it.", hidden = true)
            boolean isPrivate) {

        public Options {
            if (HubName.parse(repo).isEmpty()) {
                throw RunException.config("--repo is '" + repo + "': it must be ORG/NAME, or ORG/NAME@BRANCH");
            }
            if (isPublic && isPrivate) {
                throw RunException.config("--public and --private contradict each other: leave one out");
            }
        }

        private HubName name() {
            return HubName.parse(repo).orElseThrow();
        }
    }

    @Override
    public String name() {
        return "push";
    }

    @Override
    public int place() {
        return 114;
    }

    @Override
    public Help help() {
        return new Help(
                "Upload the trained model or adapter to the Hugging Face Hub.",
                List.of("HF_TOKEN is your access token, HF_ENDPOINT the address of the Hub."),
                "--config run.yaml --repo acme/mails");
    }

    @Override
    public Class<Options> arguments() {
        return Options.class;
    }

    @Override
    public boolean readsBaseModel() {
        return false;
    }

    @Override
    public String run(Call call, Options options) {
        HubUpload hub = new HubUpload(HubSettings.of(System.getenv()), line -> call.say("push      " + line));
        return PushJob.run(call.run(), options.name(), !options.isPublic(), hub, call.hadoop());
    }

    @Override
    public List<String> text(Options options, String commit) {
        return List.of("commit    " + commit, "model     " + options.name());
    }
}
