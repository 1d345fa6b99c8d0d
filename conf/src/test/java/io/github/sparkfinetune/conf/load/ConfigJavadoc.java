package io.github.sparkfinetune.conf.load;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.ParamTree;
import com.sun.source.doctree.TextTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Javadoc of the configuration's record components and enum constants, read from their sources, as Markdown. */
final class ConfigJavadoc {
    private static final Path SOURCES = Path.of("src/main/java/io/github/sparkfinetune/conf");

    private final Map<String, String> texts = new HashMap<>();

    /** Reads all sources of the configuration. */
    ConfigJavadoc() {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (Stream<Path> files = Files.walk(SOURCES);
                StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            List<Path> sources =
                    files.filter(file -> file.toString().endsWith(".java")).toList();
            JavacTask task = (JavacTask)
                    compiler.getTask(null, manager, null, null, null, manager.getJavaFileObjectsFromPaths(sources));
            Reader reader = new Reader(DocTrees.instance(task));
            for (CompilationUnitTree unit : task.parse()) {
                reader.scan(unit, "");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the text of a component's {@code @param}, or null if it has none. */
    String of(RecordComponent component) {
        return texts.get(name(component.getDeclaringRecord()) + "#" + component.getName());
    }

    /** Returns the text of an enum constant, or null if it has none. */
    String of(Enum<?> constant) {
        return texts.get(name(constant.getDeclaringClass()) + "#" + constant.name());
    }

    private static String name(Class<?> type) {
        return type.getName().substring(type.getPackageName().length() + 1).replace('$', '.');
    }

    private final class Reader extends TreePathScanner<Void, String> {
        private final DocTrees trees;

        Reader(DocTrees trees) {
            this.trees = trees;
        }

        @Override
        public Void visitClass(ClassTree type, String outer) {
            String name = outer + type.getSimpleName();
            DocCommentTree comment = trees.getDocCommentTree(getCurrentPath());
            if (comment != null) {
                for (DocTree tag : comment.getBlockTags()) {
                    if (tag instanceof ParamTree param) {
                        texts.put(name + "#" + param.getName(), markdown(param.getDescription()));
                    }
                }
            }
            return super.visitClass(type, name + ".");
        }

        @Override
        public Void visitVariable(VariableTree variable, String outer) {
            DocCommentTree comment = trees.getDocCommentTree(getCurrentPath());
            if (comment != null) {
                String type = outer.substring(0, outer.length() - 1);
                texts.put(type + "#" + variable.getName(), markdown(comment.getFullBody()));
            }
            return super.visitVariable(variable, outer);
        }

        private static String markdown(List<? extends DocTree> description) {
            return description.stream()
                    .map(Reader::markdown)
                    .collect(Collectors.joining())
                    .replaceAll("\\s+", " ")
                    .replace("|", "\\|");
        }

        private static String markdown(DocTree part) {
            if (part instanceof LiteralTree literal) {
                return "`" + literal.getBody().getBody() + "`";
            }
            // Others would print characters beyond ASCII as escapes.
            return part instanceof TextTree text ? text.getBody() : part.toString();
        }
    }
}
