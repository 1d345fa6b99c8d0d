package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.DenseGradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.train.step.TrainStep;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Tensors of a training by another library: {@code NAME/start/PARAMETER} are initial values that are not the base
 * model's, and {@code NAME/PARAMETER} are gradients of the first step.
 *
 * @param name name of the run
 */
record GoldenRun(SafetensorsFile tensors, String name) {

    /** Sets the initial values. */
    void start(TinyDecoder decoder) {
        Model model = decoder.loaded.model();
        for (Parameter parameter : model.parameters()) {
            stored(name + "/start/", parameter.name()).ifPresent(stored -> {
                try (NDArray value = decoder.manager.create(
                        GoldenFiles.floats(tensors, stored), parameter.value().getShape())) {
                    model.script()
                            .call(decoder.manager, "copy", parameter.value(), value)
                            .close();
                }
            });
        }
        model.updated();
    }

    /**
     * Compares all gradients of the run with those of a step.
     *
     * @param relative tolerance relative to a parameter's largest gradient, to which {@code absolute} is added
     */
    void compareGradients(TrainStep step, double relative, double absolute) {
        int compared = 0;
        for (ParameterGradient trained : step.gradients().parameters()) {
            String parameter = trained.parameter().name();
            Optional<String> stored = stored(name + "/", parameter);
            if (stored.isPresent()) {
                float[] expected = GoldenFiles.floats(tensors, stored.get());
                float largest = 0;
                for (float value : expected) {
                    largest = Math.max(largest, Math.abs(value));
                }
                ModelGoldenTest.assertClose(
                        parameter, DenseGradient.values(trained), expected, relative * largest + absolute);
                compared++;
            }
        }
        assertThat(compared)
                .isEqualTo((int) tensors.names().stream()
                        .filter(stored -> stored.startsWith(name + "/") && !stored.startsWith(name + "/start/"))
                        .count())
                .isGreaterThan(3);
    }

    /** Returns a parameter's name, which may have PEFT's wrappers, or not have the prefix of a model with a head. */
    private Optional<String> stored(String prefix, String parameter) {
        String bare = parameter.substring(parameter.indexOf('.') + 1);
        return Stream.of(
                        parameter,
                        parameter + ".weight",
                        "base_model.model." + parameter + ".default.weight",
                        bare,
                        bare + ".weight")
                .map(candidate -> prefix + candidate)
                .filter(tensors.names()::contains)
                .findFirst();
    }
}
