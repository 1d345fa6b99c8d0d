package io.github.sparkfinetune.data.task.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.data.task.Rows;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TaskDatasTest {
    @ParameterizedTest
    @EnumSource(Task.class)
    void everyTaskHasASmallSerializableTaskData(Task task) throws IOException, ReflectiveOperationException {
        String name = Task.class
                .getField(task.name())
                .getAnnotation(JsonProperty.class)
                .value();
        RunConfig config = Rows.config(name);
        assertThat(config.task()).isEqualTo(task);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(TaskDatas.of(config));
        }
        assertThat(bytes.size()).isBetween(1, 10_000);
    }
}
