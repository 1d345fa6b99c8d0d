package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import io.github.sparkfinetune.data.jinja.value.Values.Namespace;
import java.util.List;

/** Left side of an assignment by {@code set} or a loop. */
sealed interface Target {
    void assign(Scope scope, Object value);

    record Variable(String name) implements Target {
        @Override
        public void assign(Scope scope, Object value) {
            scope.set(name, value);
        }
    }

    /** {@code ns.name} of a namespace. */
    record NamespaceAttribute(String variable, String name) implements Target {
        @Override
        public void assign(Scope scope, Object value) {
            if (!(scope.get(variable) instanceof Namespace namespace)) {
                throw new TemplateFault("cannot assign attribute on non-namespace object: '" + variable + "'");
            }
            namespace.attributes().put(name, value);
        }
    }

    /** {@code a, b}, which get one element each. */
    record Unpacked(List<Target> targets) implements Target {
        @Override
        public void assign(Scope scope, Object value) {
            List<Object> items = Values.list(scope.limits, value);
            if (items.size() != targets.size()) {
                throw new TemplateFault((items.size() < targets.size() ? "not enough" : "too many")
                        + " values to unpack (expected " + targets.size() + ", got " + items.size() + ")");
            }
            for (int i = 0; i < items.size(); i++) {
                targets.get(i).assign(scope, items.get(i));
            }
        }
    }
}
