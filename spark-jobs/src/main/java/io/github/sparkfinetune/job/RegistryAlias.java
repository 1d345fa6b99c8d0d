package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.PromotedModel.Registered;
import io.github.sparkfinetune.spark.command.Services;
import io.github.sparkfinetune.spark.run.ModelRegistry;
import java.io.UncheckedIOException;

/** Sets the alias of the model in use in MLflow's registry, after the file of {@code promote} was written. */
public final class RegistryAlias {
    private RegistryAlias() {}

    /**
     * Points the alias at the version.
     *
     * @param done what the command has done already, for the error
     * @param remedy how to set the alias later, for the error
     * @throws RunException if the server refuses or does not answer
     */
    public static void set(Registered registered, String done, String remedy) {
        ModelRegistry.Version version =
                new ModelRegistry.Version(registered.trackingUri(), registered.name(), registered.version());
        try {
            Services.of(ModelRegistry.class).stream()
                    .findFirst()
                    .orElseThrow(() -> RunException.config("this build lacks MLflow's part: use the complete jar"))
                    .setAlias(version, registered.alias(), System.getenv());
        } catch (RunException | UncheckedIOException e) {
            throw RunException.failed(
                    done + ", but the " + registered + " was not set (" + e.getMessage() + "): fix that, then "
                            + remedy,
                    e);
        }
    }
}
