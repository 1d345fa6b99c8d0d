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
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
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
                return type.getRawClass().isRecord()
                                && Arrays.stream(type.getRawClass().getRecordComponents())
                                        .anyMatch(FlatRecords::isGroup)
                        ? new Reader(type)
                        : null;
            }
        });
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

    private static final class Reader extends StdDeserializer<Object> {
        private static final long serialVersionUID = 1;

        Reader(JavaType type) {
            super(type);
        }

        @Override
        public Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            if (!parser.isExpectedStartObjectToken()) {
                return context.handleUnexpectedToken(_valueType, parser);
            }
            Map<String, JavaType> types = new LinkedHashMap<>();
            collect(_valueType, context, types);
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
            return construct(_valueType, values, context);
        }

        private static void collect(JavaType record, DeserializationContext context, Map<String, JavaType> types) {
            Map<String, String> names = names(record, context);
            for (RecordComponent component : record.getRawClass().getRecordComponents()) {
                JavaType type = context.getTypeFactory().constructType(component.getGenericType());
                if (isGroup(component)) {
                    collect(type, context, types);
                } else {
                    types.put(names.get(component.getName()), type);
                }
            }
        }

        /** Returns the JSON names of a record's components. */
        private static Map<String, String> names(JavaType record, DeserializationContext context) {
            return context.getConfig().introspect(record).findProperties().stream()
                    .collect(
                            Collectors.toMap(BeanPropertyDefinition::getInternalName, BeanPropertyDefinition::getName));
        }

        private static Object construct(JavaType record, Map<String, Object> values, DeserializationContext context)
                throws IOException {
            Class<?> type = record.getRawClass();
            Map<String, String> names = names(record, context);
            RecordComponent[] components = type.getRecordComponents();
            Object[] arguments = new Object[components.length];
            for (int i = 0; i < components.length; i++) {
                JavaType inner = context.getTypeFactory().constructType(components[i].getGenericType());
                Object value = isGroup(components[i])
                        ? construct(inner, values, context)
                        : values.get(names.get(components[i].getName()));
                arguments[i] =
                        value == null ? context.findRootValueDeserializer(inner).getNullValue(context) : value;
            }
            try {
                Constructor<?> constructor = constructor(type);
                constructor.setAccessible(true);
                return constructor.newInstance(arguments);
            } catch (InvocationTargetException e) {
                return context.handleInstantiationProblem(type, null, e.getCause());
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
