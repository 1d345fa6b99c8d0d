package io.github.sparkfinetune.conf.json;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.deser.Deserializers;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Jackson module that reads records with {@link JsonUnwrapped} components: groups of fields that are records in Java
 * and that stand in the JSON object of the outer record. Jackson 2.15, the version in Spark 3.5, writes such records
 * but cannot read them.
 */
public final class FlatRecords extends SimpleModule {
    private static final long serialVersionUID = 1;

    @Override
    public void setupModule(SetupContext context) {
        super.setupModule(context);
        context.addDeserializers(new Deserializers.Base() {
            @Override
            public JsonDeserializer<?> findBeanDeserializer(
                    JavaType type, DeserializationConfig config, BeanDescription description) {
                return hasGroups(type.getRawClass()) ? new Reader(Group.of(type, config)) : null;
            }
        });
    }

    private static boolean hasGroups(Class<?> type) {
        return type.isRecord() && Arrays.stream(type.getRecordComponents()).anyMatch(FlatRecords::isGroup);
    }

    /** Returns whether a component is a record whose components are fields of the outer object. */
    public static boolean isGroup(RecordComponent component) {
        return component.getAccessor().isAnnotationPresent(JsonUnwrapped.class);
    }

    /** Returns a record's canonical constructor. */
    public static Constructor<?> constructor(Class<?> record) throws NoSuchMethodException {
        return record.getDeclaredConstructor(Arrays.stream(record.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new));
    }

    /** Component of a record: a field of the JSON object, or a group of fields. */
    private sealed interface Part {}

    private record Field(String name, JavaType type) implements Part {}

    private record Group(JavaType type, List<Part> parts) implements Part {
        static Group of(JavaType type, DeserializationConfig config) {
            Map<String, String> names = config.introspect(type).findProperties().stream()
                    .collect(
                            Collectors.toMap(BeanPropertyDefinition::getInternalName, BeanPropertyDefinition::getName));
            List<Part> parts = new ArrayList<>();
            for (RecordComponent component : type.getRawClass().getRecordComponents()) {
                JavaType inner = config.getTypeFactory().constructType(component.getGenericType());
                parts.add(isGroup(component) ? of(inner, config) : new Field(names.get(component.getName()), inner));
            }
            return new Group(type, parts);
        }

        /** Returns the types of all fields, those of inner groups too. */
        Map<String, JavaType> fields() {
            Map<String, JavaType> fields = new HashMap<>();
            for (Part part : parts) {
                if (part instanceof Field field) {
                    fields.put(field.name, field.type);
                } else {
                    fields.putAll(((Group) part).fields());
                }
            }
            return fields;
        }

        Object construct(Map<String, Object> values, DeserializationContext context) throws IOException {
            Object[] arguments = new Object[parts.size()];
            for (int i = 0; i < arguments.length; i++) {
                if (parts.get(i) instanceof Group group) {
                    arguments[i] = group.construct(values, context);
                } else {
                    Field field = (Field) parts.get(i);
                    Object value = values.get(field.name);
                    arguments[i] = value != null
                            ? value
                            : context.findRootValueDeserializer(field.type).getNullValue(context);
                }
            }
            try {
                Constructor<?> constructor = constructor(type.getRawClass());
                constructor.setAccessible(true);
                return constructor.newInstance(arguments);
            } catch (InvocationTargetException e) {
                return context.handleInstantiationProblem(type.getRawClass(), null, e.getCause());
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static final class Reader extends StdDeserializer<Object> {
        private static final long serialVersionUID = 1;

        private final transient Group group;
        private final transient Map<String, JavaType> types;

        Reader(Group group) {
            super(group.type());
            this.group = group;
            this.types = group.fields();
        }

        @Override
        public boolean isCachable() {
            return true;
        }

        @Override
        public Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            if (!parser.isExpectedStartObjectToken()) {
                return context.handleUnexpectedToken(_valueType, parser);
            }
            Map<String, Object> values = new HashMap<>();
            for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                JsonToken token = parser.nextToken();
                JavaType type = types.get(name);
                if (type == null) {
                    context.handleUnknownProperty(parser, this, _valueClass, name);
                    parser.skipChildren();
                } else if (token != JsonToken.VALUE_NULL) {
                    values.put(name, context.readValue(parser, type));
                }
            }
            return group.construct(values, context);
        }
    }
}
