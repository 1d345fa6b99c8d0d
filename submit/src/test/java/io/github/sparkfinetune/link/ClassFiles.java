package io.github.sparkfinetune.link;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;

/** Classes of jars, of folders and of this JDK, read without loading them. */
final class ClassFiles implements AutoCloseable {
    private static final String ENDING = ".class";

    private final List<JarFile> jars = new ArrayList<>();
    private final Map<String, Source> sources = new HashMap<>();
    private final Map<String, Optional<ClassInfo>> read = new HashMap<>();

    private interface Source {
        InputStream open() throws IOException;
    }

    /** @param places jars and folders; the first one with a class wins */
    ClassFiles(List<Path> places) throws IOException {
        for (Path place : places) {
            if (Files.isDirectory(place)) {
                addFolder(place);
            } else {
                addJar(place);
            }
        }
    }

    private void addFolder(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.filter(file -> file.toString().endsWith(ENDING))
                    .forEach(file -> add(folder.relativize(file).toString(), () -> Files.newInputStream(file)));
        }
    }

    private void addJar(Path path) throws IOException {
        JarFile jar = new JarFile(path.toFile());
        jars.add(jar);
        for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
            JarEntry entry = entries.nextElement();
            if (entry.getName().endsWith(ENDING) && !entry.getName().startsWith("META-INF/")) {
                add(entry.getName(), () -> jar.getInputStream(entry));
            }
        }
    }

    private void add(String file, Source source) {
        sources.putIfAbsent(file.substring(0, file.length() - ENDING.length()), source);
    }

    /** Returns the internal names of all classes except the JDK's. */
    List<String> names() {
        return sources.keySet().stream().sorted().toList();
    }

    ClassReader reader(String name) {
        try (InputStream in = open(name)) {
            return in == null ? null : new ClassReader(in);
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }

    private InputStream open(String name) throws IOException {
        Source source = sources.get(name);
        return source != null
                ? source.open()
                : ClassLoader.getPlatformClassLoader().getResourceAsStream(name + ENDING);
    }

    Optional<ClassInfo> find(String name) {
        // Avoids computeIfAbsent, during which the map may not be changed.
        Optional<ClassInfo> known = read.get(name);
        if (known == null) {
            known = Optional.ofNullable(reader(name)).map(ClassInfo::of);
            read.put(name, known);
        }
        return known;
    }

    @Override
    public void close() throws IOException {
        for (JarFile jar : jars) {
            jar.close();
        }
    }
}
