package io.github.sparkfinetune.link;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Declarations of a class.
 *
 * @param parents superclass first, then interfaces; internal names
 * @param members access flags, by name and descriptor for methods, by name, a colon and descriptor for fields
 */
record ClassInfo(String name, int access, List<String> parents, Map<String, Integer> members) {

    static ClassInfo of(ClassReader reader) {
        Map<String, Integer> members = new HashMap<>();
        reader.accept(
                new ClassVisitor(Opcodes.ASM9) {
                    @Override
                    public MethodVisitor visitMethod(
                            int access, String name, String descriptor, String signature, String[] exceptions) {
                        members.put(name + descriptor, access);
                        return null;
                    }

                    @Override
                    public FieldVisitor visitField(
                            int access, String name, String descriptor, String signature, Object value) {
                        members.put(name + ":" + descriptor, access);
                        return null;
                    }
                },
                ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
        List<String> parents = Stream.concat(
                        Stream.ofNullable(reader.getSuperName()), Arrays.stream(reader.getInterfaces()))
                .toList();
        return new ClassInfo(reader.getClassName(), reader.getAccess(), parents, members);
    }

    boolean isAbstract() {
        return (access & Opcodes.ACC_ABSTRACT) != 0;
    }
}
