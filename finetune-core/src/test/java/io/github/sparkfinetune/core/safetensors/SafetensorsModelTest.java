package io.github.sparkfinetune.core.safetensors;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsModelTest {
    @TempDir
    Path folder;

    private void assertRefused(String... message) {
        assertThatThrownBy(() -> SafetensorsModel.open(folder).close())
                .isInstanceOf(RunException.class)
                .hasMessageContainingAll(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '|',
            value = {
                "{'weight_map':{'a':'one.safetensors','b':'two.safetensors'}}; two.safetensors is missing",
                "{'weight_map':{'a':'one.safetensors','b':'one.safetensors'}}; no tensor 'b'",
                "{'weight_map':{'a':'../one.safetensors'}}; '../one.safetensors'",
                "{'weight_map':{'a':'/etc/passwd'}}; '/etc/passwd'",
                "{'weight_map':{'a':1}}; tensor 'a'",
                "{'weight_map':{}}; weight_map",
                "{'weight_map':[]}; weight_map",
                "{'weight_map':{'a':'one.safetensors'; line 1",
                "[]; not a JSON object",
            })
    void refusesAnInconsistentIndexByName(String index, String message) throws IOException {
        Files.writeString(folder.resolve("model.safetensors.index.json"), index.replace('\'', '"'));
        try (OutputStream out = Files.newOutputStream(folder.resolve("one.safetensors"))) {
            SafetensorsWriter.write(out, List.of(Tensors.vector("a", 1)), SafetensorsWriter.PT);
        }
        assertRefused(folder.toString(), message);
    }

    @Test
    void refusesAPickleAndNamesTheConversion() throws IOException {
        assertRefused("no model.safetensors");
        Files.write(folder.resolve("pytorch_model.bin"), new byte[1]);
        assertRefused("pickle", "runs code", "save_pretrained");
    }
}
