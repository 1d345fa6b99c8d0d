package io.github.sparkfinetune.core.tensor;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Python module of the engine: imports, and classes with attribute annotations and methods.
 *
 * @param name name for Python's import, e.g. {@code core.model.linear}
 * @param imports names of imported modules of the engine
 * @param classes classes in the order of the file
 */
record ScriptFile(String name, List<String> imports, List<PythonClass> classes) {
    private static final String ROOT = "/io/github/sparkfinetune/";

    private static final Pattern IMPORT = Pattern.compile("(?m)^from (core\\.[\\w.]+) import");
    private static final Pattern CLASS = Pattern.compile("(?m)^class (\\w+)\\(([^)]*)\\):");
    private static final Pattern HEAD_LINE = Pattern.compile("(?:import |from |    |\\)).*|\\s*");
    private static final Pattern METHOD = Pattern.compile(" {4}def (\\w+)\\(.*");
    private static final Pattern ATTRIBUTE = Pattern.compile(" {4}(\\w+): (\\w+)\\s*");
    private static final Pattern CONTINUED = Pattern.compile(" {5,}\\S.*| {4}\\).*|\\s*");

    /**
     * A class.
     *
     * @param file name of the module that defines it
     * @param attributes types of attributes, by name
     */
    record PythonClass(
            String file, String name, List<String> bases, Map<String, String> attributes, List<Method> methods) {}

    /**
     * A method.
     *
     * @param file name of the module that defines it
     * @param line number of its first line in the file, from 1
     * @param lines lines as in archives
     */
    record Method(String file, String name, int line, List<String> lines) {}

    /** Reads a module from the class path. */
    static ScriptFile read(String name) {
        String resource = ROOT + path(name);
        try (InputStream text = ScriptFile.class.getResourceAsStream(resource)) {
            if (text == null) {
                throw new IllegalArgumentException("no resource " + resource);
            }
            return parse(name, new String(text.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + resource, e);
        }
    }

    /** Returns the file of a module, relative to the package's root. */
    static String path(String name) {
        return name.replace('.', '/') + ".py";
    }

    static ScriptFile parse(String name, String text) {
        ScriptNames names = ScriptNames.of(text);
        String masked = names.masked();
        List<String> imports = new ArrayList<>();
        Matcher imported = IMPORT.matcher(masked);
        while (imported.find()) {
            imports.add(imported.group(1));
        }
        String[] lines = names.mapped().split("\n", -1);
        String[] code = masked.split("\n", -1);
        List<PythonClass> classes = new ArrayList<>();
        Matcher header = CLASS.matcher(masked);
        int at = 0;
        while (header.find()) {
            int first = lineOf(masked, header.start());
            if (classes.isEmpty()) {
                requireHead(name, code, first);
            } else {
                addMembers(classes.get(classes.size() - 1), lines, code, at, first);
            }
            at = lineOf(masked, header.end()) + 1;
            List<String> bases = Arrays.stream(header.group(2).split(","))
                    .map(String::strip)
                    .filter(base -> !base.isEmpty())
                    .toList();
            classes.add(new PythonClass(name, header.group(1), bases, new LinkedHashMap<>(), new ArrayList<>()));
        }
        if (classes.isEmpty()) {
            throw new IllegalArgumentException(path(name) + ": has no class");
        }
        addMembers(classes.get(classes.size() - 1), lines, code, at, lines.length);
        return new ScriptFile(name, imports, List.copyOf(classes));
    }

    private static int lineOf(String text, int offset) {
        return (int) text.substring(0, offset).chars().filter(c -> c == '\n').count();
    }

    private static void requireHead(String name, String[] code, int end) {
        for (int i = 0; i < end; i++) {
            if (!HEAD_LINE.matcher(code[i]).matches()) {
                throw unknown(name, i, "before the first class only imports");
            }
        }
    }

    private static void addMembers(PythonClass owner, String[] lines, String[] code, int begin, int end) {
        int method = -1;
        String methodName = "";
        for (int i = begin; i < end; i++) {
            Matcher definition = METHOD.matcher(code[i]);
            Matcher attribute = ATTRIBUTE.matcher(code[i]);
            if (definition.matches()) {
                addMethod(owner, lines, methodName, method, i);
                method = i;
                methodName = definition.group(1);
            } else if (attribute.matches()) {
                owner.attributes().put(attribute.group(1), attribute.group(2));
            } else if (!CONTINUED.matcher(code[i]).matches()) {
                throw unknown(owner.file(), i, "in a class only \"name: type\" and methods");
            }
        }
        addMethod(owner, lines, methodName, method, end);
    }

    private static void addMethod(PythonClass owner, String[] lines, String name, int begin, int end) {
        if (begin >= 0) {
            owner.methods()
                    .add(new Method(owner.file(), name, begin + 1, List.of(Arrays.copyOfRange(lines, begin, end))));
        }
    }

    private static IllegalArgumentException unknown(String name, int index, String rule) {
        return new IllegalArgumentException(path(name) + ":" + (index + 1) + ": " + rule + " can stand");
    }
}
