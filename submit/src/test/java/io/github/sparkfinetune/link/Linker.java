package io.github.sparkfinetune.link;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;

/**
 * Resolves our classes' references to Spark and Scala as the JVM does (JVMS 5.4.3): every constant pool entry for a
 * class, a field or a method. Also checks that each of our classes implements the abstract methods of its parents.
 */
final class Linker {
    private static final String OWN = "io/github/sparkfinetune/";
    private static final int CLASS = 7;
    private static final int FIELD = 9;
    private static final int METHOD = 10;
    private static final int INTERFACE_METHOD = 11;

    private final ClassFiles classes;
    private final Set<String> errors = new TreeSet<>();
    private int references;

    Linker(ClassFiles classes) {
        this.classes = classes;
    }

    /** Returns the references that do not link, one per line. */
    Set<String> check() {
        for (String name : classes.names()) {
            if (name.startsWith(OWN)) {
                references(name);
                implementations(name);
            }
        }
        return errors;
    }

    /** Returns the number of checked references to Spark and Scala. */
    int references() {
        return references;
    }

    private void references(String from) {
        ClassReader reader = classes.reader(from);
        char[] buffer = new char[reader.getMaxStringLength()];
        for (int i = 1; i < reader.getItemCount(); i++) {
            int at = reader.getItem(i);
            int tag = at == 0 ? 0 : reader.readByte(at - 1);
            if (tag == CLASS) {
                type(from, reader.readUTF8(at, buffer));
            } else if (tag == FIELD || tag == METHOD || tag == INTERFACE_METHOD) {
                int nameAndType = reader.getItem(reader.readUnsignedShort(at + 2));
                String name = reader.readUTF8(nameAndType, buffer);
                String descriptor = reader.readUTF8(nameAndType + 2, buffer);
                member(from, reader.readClass(at, buffer), name + (tag == FIELD ? ":" : "") + descriptor);
            }
        }
    }

    private void type(String from, String name) {
        String element = name.startsWith("[") ? name.replaceAll("^\\[+L?|;$", "") : name;
        if (isForeign(element)) {
            references++;
            if (classes.find(element).isEmpty()) {
                errors.add(from + " needs class " + element);
            }
        }
    }

    private void member(String from, String owner, String member) {
        if (!isForeign(owner) && !owner.startsWith(OWN)) {
            return;
        }
        references += isForeign(owner) ? 1 : 0;
        if (!declared(from, owner, member)) {
            errors.add(from + " needs " + owner + "." + member);
        }
    }

    private boolean declared(String from, String owner, String member) {
        for (String type : withAncestors(owner)) {
            ClassInfo info = classes.find(type).orElse(null);
            if (info == null) {
                // Other libraries' classes, such as DJL's, are not checked.
                return !isForeign(type) || !errors.add(from + " needs class " + type);
            }
            if (info.members().containsKey(member)) {
                return true;
            }
        }
        return false;
    }

    private void implementations(String name) {
        if (classes.find(name).orElseThrow().isAbstract()) {
            return;
        }
        List<ClassInfo> chain = new ArrayList<>();
        for (String type : withAncestors(name)) {
            classes.find(type).ifPresent(chain::add);
        }
        for (ClassInfo parent : chain) {
            for (Map.Entry<String, Integer> member : parent.members().entrySet()) {
                if (isForeign(parent.name())
                        && (member.getValue() & Opcodes.ACC_ABSTRACT) != 0
                        && chain.stream().noneMatch(info -> implementsIt(info, member.getKey()))) {
                    errors.add(name + " does not implement " + parent.name() + "." + member.getKey());
                }
            }
        }
    }

    private static boolean implementsIt(ClassInfo info, String member) {
        Integer access = info.members().get(member);
        return access != null && (access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_STATIC)) == 0;
    }

    /** Returns the class, its superclasses, then all their interfaces. */
    private Set<String> withAncestors(String name) {
        Set<String> found = new LinkedHashSet<>();
        List<String> waiting = new ArrayList<>(List.of(name));
        while (!waiting.isEmpty()) {
            String type = waiting.remove(0);
            if (found.add(type)) {
                classes.find(type).ifPresent(info -> waiting.addAll(info.parents()));
            }
        }
        return found;
    }

    private static boolean isForeign(String type) {
        return type.startsWith("org/apache/spark/") || type.startsWith("scala/");
    }
}
