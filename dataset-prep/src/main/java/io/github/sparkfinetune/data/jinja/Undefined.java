package io.github.sparkfinetune.data.jinja;

/**
 * What Jinja gives for a variable, attribute or element that is not there: prints as nothing, is false and empty, and
 * fails on any other use.
 *
 * @param message what such a use is told
 */
record Undefined(String message) {
    static Undefined variable(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    static Undefined member(Object owner, Object key) {
        String type = owner == null ? "None" : "'" + Values.typeName(owner) + " object'";
        return key instanceof String
                ? new Undefined(type + " has no attribute '" + key + "'")
                : new Undefined(type + " has no element " + key);
    }

    TemplateFault fault() {
        return new TemplateFault(message);
    }
}
