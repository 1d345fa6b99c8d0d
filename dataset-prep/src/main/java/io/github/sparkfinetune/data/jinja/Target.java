package io.github.sparkfinetune.data.jinja;

import java.util.List;

/** What a {@code set} or a loop assigns to. */
interface Target {
    void assign(Scope frame, Object value);

    record Variable(String name) implements Target {
        @Override
        public void assign(Scope frame, Object value) {
            frame.set(name, value);
        }
    }

    /** {@code ns.name} of a namespace. */
    record NamespaceAttribute(String variable, String name) implements Target {
        @Override
        public void assign(Scope frame, Object value) {
            if (!(frame.get(variable) instanceof Namespace namespace)) {
                throw new TemplateFault("cannot assign attribute on non-namespace object: '" + variable + "'");
            }
            namespace.attributes.put(name, value);
        }
    }

    /** {@code a, b}: one element each. */
    record Unpacked(List<Target> targets) implements Target {
        @Override
        public void assign(Scope frame, Object value) {
            List<Object> items = Values.list(frame.run, value);
            if (items.size() != targets.size()) {
                throw new TemplateFault((items.size() < targets.size() ? "not enough" : "too many")
                        + " values to unpack (expected " + targets.size() + ", got " + items.size() + ")");
            }
            for (int i = 0; i < items.size(); i++) {
                targets.get(i).assign(frame, items.get(i));
            }
        }
    }
}
