package io.github.sparkfinetune.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files of the reference implementation are read and written again. */
class SafetensorsGoldenTest {

    static Stream<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(GoldenFiles.root())) {
            return files.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void writesTheSameBytesAgain(Path path) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            List<TensorData> tensors = file.names().stream()
                    .map(name -> TensorData.of(
                            name, file.info(name).dtype(), file.info(name).shape(), file.buffer(name)))
                    .toList();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            SafetensorsWriter.write(out, tensors, file.metadata());
            assertThat(ByteBuffer.wrap(out.toByteArray())).isEqualTo(ByteBuffer.wrap(Files.readAllBytes(path)));
        }
    }

    static List<Path> models() {
        return GoldenFiles.folders("models");
    }

    @ParameterizedTest
    @MethodSource("models")
    void readsWeightsAndConfiguration(Path folder) {
        HfConfig config = HfConfig.read(folder);
        assertThat(config.modelType()).isNotBlank();
        assertThat(config.architectures()).hasSize(1);
        try (SafetensorsModel model = SafetensorsModel.open(folder);
                SafetensorsFile expected = GoldenFiles.expected(folder)) {
            List<String> parameters = Stream.of(
                            GoldenFiles.json(folder.resolve("expected.json")).get("parameters"))
                    .flatMap(names -> Stream.iterate(0, i -> i < names.size(), i -> i + 1)
                            .map(i -> names.get(i).asText()))
                    .toList();
            assertThat(parameters).isNotEmpty();
            for (String name : parameters) {
                assertThat(model.info(name).shape())
                        .isEqualTo(expected.info("grad." + name).shape());
            }
        }
    }
}
