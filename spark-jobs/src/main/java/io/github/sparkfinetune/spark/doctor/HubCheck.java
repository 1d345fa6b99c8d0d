package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.data.hub.HubSettings;
import io.github.sparkfinetune.spark.run.HubModels;
import java.util.List;

/** Settings for the Hugging Face Hub in the environment. */
final class HubCheck implements Check {
    private static final String ABOUT = "hub";

    @Override
    public List<Finding> findings(Examination examination) {
        HubSettings settings = HubSettings.of(examination.environment());
        boolean needed =
                examination.isGiven() && HubModels.name(examination.run()).isPresent();
        String found = settings + (settings.token() == null ? ", no HF_TOKEN" : ", with a token");
        if (needed && settings.token() == null && !settings.offline()) {
            return List.of(Finding.advice(
                    ABOUT, found, "a model that is gated or private needs HF_TOKEN; other models do not"));
        }
        return List.of(Finding.ok(ABOUT, found + (needed ? "" : "; this run does not use it")));
    }
}
