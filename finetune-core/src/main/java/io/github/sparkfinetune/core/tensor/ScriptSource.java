package io.github.sparkfinetune.core.tensor;

import io.github.sparkfinetune.core.tensor.ScriptFile.Method;
import io.github.sparkfinetune.core.tensor.ScriptFile.PythonClass;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Code of one TorchScript class {@code Ops} from several Python modules and their imports, like a Python {@code class
 * Ops(…)} with all their classes as bases. Messages of parser and interpreter about lines of this code are translated
 * to lines of the files.
 */
final class ScriptSource {
    private static final String HEAD = """
            class Ops(Module):
                __parameters__ = []
                __buffers__ = []
                training : bool
                _is_full_backward_hook : Optional[bool]
            """;

    private static final Pattern LINE = Pattern.compile("File \"code/__torch__\\.py\", line (\\d+)");
    private static final String TRACEBACK = "Traceback of TorchScript";
    private static final String HERE = "<--- HERE";

    private final Map<String, PythonClass> classes = new LinkedHashMap<>();
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private final Map<String, Method> methods = new LinkedHashMap<>();
    private final List<String> lines = new ArrayList<>();
    private final List<String> origins = new ArrayList<>();

    /**
     * Joins modules.
     *
     * @param modules names for Python's import. If two classes define a method, one class must be derived from the
     *     other; the derived class's method counts
     */
    ScriptSource(List<String> modules) {
        Set<String> read = new LinkedHashSet<>();
        modules.forEach(module -> add(module, read));
        HEAD.lines().forEach(line -> append(line, ""));
        attributes.forEach((name, type) -> append("    " + name + " : " + type, ""));
        methods.values().forEach(this::append);
    }

    private void add(String module, Set<String> read) {
        if (read.add(module)) {
            ScriptFile file = ScriptFile.read(module);
            file.imports().forEach(other -> add(other, read));
            file.classes().forEach(this::add);
        }
    }

    private void add(PythonClass added) {
        PythonClass other = classes.put(added.name(), added);
        if (other != null) {
            throw new IllegalArgumentException(
                    "class " + added.name() + " is defined in " + other.file() + " and in " + added.file());
        }
        added.attributes().forEach((name, type) -> {
            String before = attributes.put(name, type);
            if (before != null && !before.equals(type)) {
                throw new IllegalArgumentException(ScriptFile.path(added.file()) + ": attribute " + name + " is " + type
                        + ", elsewhere " + before);
            }
        });
        for (Method method : added.methods()) {
            Method before = methods.remove(method.name());
            if (before != null && !ancestors(added).contains(before.file())) {
                throw new IllegalArgumentException(
                        "method " + method.name() + " is defined in " + before.file() + " and in " + method.file());
            }
            methods.put(method.name(), method);
        }
    }

    /** Returns the files of the classes from which a class is derived. */
    private Set<String> ancestors(PythonClass derived) {
        Set<String> files = new LinkedHashSet<>();
        for (String base : derived.bases()) {
            PythonClass known = classes.get(base);
            if (known != null) {
                files.add(known.file());
                files.addAll(ancestors(known));
            }
        }
        return files;
    }

    private void append(Method method) {
        for (int i = 0; i < method.lines().size(); i++) {
            append(
                    method.lines().get(i),
                    ScriptFile.path(method.file()) + ":" + (method.line() + i) + ", " + method.name());
        }
    }

    private void append(String line, String origin) {
        lines.add(line);
        origins.add(origin);
    }

    /** Returns the code of the class. */
    String text() {
        return String.join("\n", lines) + "\n";
    }

    /** Returns the types of the class's attributes by name: int, float, bool or str. */
    Map<String, String> attributes() {
        return attributes;
    }

    /**
     * Returns a message of PyTorch about the joined code as one line.
     *
     * @param message message of PyTorch, with excerpts of the code
     * @return FILE:LINE, METHOD: reason; or the message itself if it names no line
     */
    String explain(String message) {
        boolean running = message.contains(TRACEBACK);
        String origin = "";
        int first = -1;
        Matcher match = LINE.matcher(message);
        while (match.find()) {
            int line = Integer.parseInt(match.group(1)) - 1;
            String found = line >= 0 && line < origins.size() ? origins.get(line) : "";
            if (!found.isEmpty() && (running || first < 0)) {
                // A parser names the line of an error first, an interpreter last.
                origin = found;
                first = first < 0 ? match.start() : first;
            }
        }
        if (first < 0) {
            return message;
        }
        String reason =
                running ? message.substring(message.lastIndexOf(HERE) + HERE.length()) : message.substring(0, first);
        return origin + ": "
                + reason.strip()
                        .replaceAll("\\s*(?:The original call is| here)?:?$", "")
                        .replaceAll("\\s*\\n\\s*", " ");
    }
}
