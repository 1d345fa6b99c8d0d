package io.github.sparkfinetune.conf.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class FlatRecordsTest {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .addModule(new FlatRecords())
            .build();

    record Point(int atX, @JsonProperty("Y") Integer y) {}

    record Size(@JsonUnwrapped Point corner, double width, List<Point> holes) {
        Size {
            holes = holes == null ? List.of() : holes;
        }
    }

    record Shape(
            String name,
            @JsonUnwrapped Size size,
            Map<String, Long> counts,
            @JsonInclude(JsonInclude.Include.NON_NULL) String note) {
        Shape {
            Objects.requireNonNull(name, "name is missing");
        }
    }

    private static final Shape SHAPE =
            new Shape("a", new Size(new Point(1, 2), 0.5, List.of(new Point(3, null))), Map.of("b", 4L), null);

    @Test
    void writesGroupsAsFieldsOfTheOuterObjectAndReadsThemBack() throws JsonProcessingException {
        String json = JSON.writeValueAsString(SHAPE);

        assertThat(json)
                .isEqualTo("{\"name\":\"a\",\"Y\":2,\"at_x\":1,\"width\":0.5,\"holes\":[{\"Y\":null,\"at_x\":3}],"
                        + "\"counts\":{\"b\":4}}");
        assertThat(JSON.readValue(json, Shape.class)).isEqualTo(SHAPE);
        assertThat(JSON.treeToValue(JSON.valueToTree(SHAPE), Shape.class)).isEqualTo(SHAPE);
        assertThat(JSON.readValue("[" + json + "]", Shape[].class)).containsExactly(SHAPE);
    }

    @Test
    void readsFieldsInAnyOrderAndMissingOnesAsNullOrZero() throws JsonProcessingException {
        assertThat(JSON.readValue("{\"Y\":null,\"name\":\"a\"}", Shape.class))
                .isEqualTo(new Shape("a", new Size(new Point(0, null), 0, List.of()), null, null));
    }

    @Test
    void refusesUnknownFieldsOtherTokensAndValuesThatAConstructorRefuses() {
        assertThatThrownBy(() -> JSON.readValue("{\"name\":\"a\",\"colour\":1}", Shape.class))
                .isInstanceOf(JsonMappingException.class)
                .hasMessageContaining("colour");
        assertThatThrownBy(() -> JSON.readValue("[]", Shape.class)).isInstanceOf(JsonMappingException.class);
        assertThatThrownBy(() -> JSON.readValue("{\"width\":\"wide\",\"name\":\"a\"}", Shape.class))
                .isInstanceOf(JsonMappingException.class);
        assertThatThrownBy(() -> JSON.readValue("{\"width\":1}", Shape.class))
                .isInstanceOf(JsonMappingException.class)
                .hasMessageContaining("name is missing");
    }

    @Test
    void skipsUnknownFieldsIfAsked() throws JsonProcessingException {
        Shape read = JSON.readerFor(Shape.class)
                .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .readValue("{\"colours\":{\"name\":\"red\",\"tones\":[1,{}]},\"name\":\"a\",\"width\":2}");

        assertThat(read).isEqualTo(new Shape("a", new Size(new Point(0, null), 2, List.of()), null, null));
    }
}
