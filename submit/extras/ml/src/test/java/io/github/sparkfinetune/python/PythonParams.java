package io.github.sparkfinetune.python;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.github.sparkfinetune.spark.ml.TextClassifierTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleArrayParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;

/** Writes {@code _params.py}, the Python package's parameters of the {@code spark.ml} stages; the build calls it. */
public final class PythonParams {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int WIDTH = 120;

    /**
     * Kind of a parameter.
     *
     * @param type type of the value in Python
     * @param converter converter of {@code pyspark.ml.param.TypeConverters}
     */
    private record Kind(String type, String converter) {}

    private static final Kind TEXT = new Kind("str", "toString");
    private static final Map<Class<?>, Kind> KINDS = Map.of(
            Param.class, TEXT,
            BooleanParam.class, new Kind("bool", "toBoolean"),
            DoubleArrayParam.class, new Kind("list[float]", "toListFloat"),
            DoubleParam.class, new Kind("float", "toFloat"),
            IntParam.class, new Kind("int", "toInt"),
            LongParam.class, new Kind("int", "toInt"),
            StringArrayParam.class, new Kind("list[str]", "toListString"));

    private PythonParams() {}

    /**
     * Writes the file.
     *
     * @param args path of the file
     */
    public static void main(String[] args) throws IOException {
        Files.writeString(Path.of(args[0]), text());
    }

    static String text() {
        return """
                \"\"\"Parameters of the estimators, transformers and evaluators, as the Java classes have them.

                Written by the build; not to be changed by hand.
                \"\"\"

                from __future__ import annotations

                from typing import TYPE_CHECKING, Any

                from pyspark.ml.param import Param, Params, TypeConverters
                from pyspark.ml.wrapper import JavaParams

                from spark_finetune._stages import find

                if TYPE_CHECKING:
                    from typing_extensions import Self
                """ + stages().stream().map(PythonParams::text).collect(Collectors.joining());
    }

    /** Returns an instance of each public stage of a pipeline and each evaluator, by name. */
    private static List<Params> stages() {
        return new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackagesOf(TextClassifierTrainer.class)
                        .stream()
                        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC)
                                && !type.getModifiers().contains(JavaModifier.ABSTRACT)
                                && (type.isAssignableTo(PipelineStage.class) || type.isAssignableTo(Evaluator.class)))
                        .map(type -> stage(type.reflect()))
                        .sorted(Comparator.comparing(stage -> stage.getClass().getSimpleName()))
                        .toList();
    }

    private static Params stage(Class<?> type) {
        try {
            return (Params) type.getConstructor(String.class).newInstance("uid");
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(type + " is not made by a uid, as Spark ML makes what it loads", e);
        }
    }

    private static String text(Params stage) {
        String name = stage.getClass().getSimpleName();
        List<Param<?>> params = Arrays.asList(stage.params());
        StringBuilder text = new StringBuilder("\n\nclass " + name + "Params(JavaParams):\n");
        text.append("    \"\"\"Parameters of :class:`spark_finetune.ml.")
                .append(name)
                .append("`.\"\"\"\n\n");
        for (Param<?> param : params) {
            text.append(declaration(param));
        }
        text.append(stage instanceof Model ? modelConstructor(stage, params) : constructor(stage, name, params));
        text.append(setParams(params));
        for (Param<?> param : params) {
            text.append(accessors(param));
        }
        return text.toString();
    }

    private static String declaration(Param<?> param) {
        Kind kind = KINDS.get(param.getClass());
        if (kind == null) {
            throw new AssertionError(param + " is of a kind that KINDS has no Python for");
        }
        String head = "    %s: Param[%s] = Param(".formatted(param.name(), kind.type());
        return head
                + "\n        Params._dummy(),\n        \"%s\",\n%s        TypeConverters.%s,\n    )\n"
                        .formatted(param.name(), doc(param.doc()), kind.converter());
    }

    /** Returns a text as an argument; a long text is split into lines. */
    private static String doc(String doc) {
        String whole = "        " + literal(doc) + ",\n";
        if (whole.length() <= WIDTH) {
            return whole;
        }
        int cut = doc.lastIndexOf(' ', WIDTH - 24) + 1;
        return "        " + literal(doc.substring(0, cut)) + "\n" + doc(doc.substring(cut));
    }

    private static String constructor(Params stage, String name, List<Param<?>> params) {
        StringBuilder text = new StringBuilder(signature("__init__", "None", params));
        text.append("        super().__init__()\n        self._java_obj = find(\"%s\")(self.uid)\n".formatted(name));
        text.append(defaults(stage, params)).append("        self.setParams(\n");
        for (Param<?> param : params) {
            text.append("            %1$s=%1$s,\n".formatted(param.name()));
        }
        return text.append("        )\n").toString();
    }

    private static String signature(String method, String result, List<Param<?>> params) {
        StringBuilder text = new StringBuilder("\n    def " + method + "(\n        self,\n        *,\n");
        for (Param<?> param : params) {
            text.append("        %s: %s | None = None,\n"
                    .formatted(param.name(), KINDS.get(param.getClass()).type()));
        }
        return text.append("    ) -> " + result + ":\n").toString();
    }

    private static String setParams(List<Param<?>> params) {
        StringBuilder text = new StringBuilder(signature("setParams", "Self", params));
        text.append("        \"\"\"Sets the parameters that are given.\"\"\"\n        given = {\n");
        for (Param<?> param : params) {
            text.append("            \"%1$s\": %1$s,\n".formatted(param.name()));
        }
        return text.append("        }\n")
                .append(
                        "        return self._set(**{name: value for name, value in given.items() if value is not None})\n")
                .toString();
    }

    private static String modelConstructor(Params stage, List<Param<?>> params) {
        return "\n    def __init__(self, java_model: Any | None = None) -> None:\n"
                + "        super().__init__(java_model)\n" + defaults(stage, params);
    }

    private static String defaults(Params stage, List<Param<?>> params) {
        if (params.stream().noneMatch(stage::hasDefault)) {
            return "";
        }
        StringBuilder text = new StringBuilder("        self._setDefault(\n");
        for (Param<?> param : params) {
            if (stage.hasDefault(param)) {
                Object value = stage.getDefault(param).get();
                text.append("            %s=%s,\n".formatted(param.name(), literal(value)));
            }
        }
        return text.append("        )\n").toString();
    }

    private static String accessors(Param<?> param) {
        String name = param.name();
        String upper = Character.toUpperCase(name.charAt(0)) + name.substring(1);
        String type = KINDS.get(param.getClass()).type();
        return """

                    def set%1$s(self, value: %2$s) -> Self:
                        \"\"\"Sets :py:attr:`%3$s`.\"\"\"
                        return self._set(%3$s=value)

                    def get%1$s(self) -> %2$s:
                        \"\"\"The value of :py:attr:`%3$s`, or its default.\"\"\"
                        return self.getOrDefault(self.%3$s)
                """.formatted(upper, type, name);
    }

    private static String literal(Object value) {
        if (value instanceof Boolean bool) {
            return bool ? "True" : "False";
        }
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }
}
