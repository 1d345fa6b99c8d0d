package io.github.sparkfinetune.data.jinja;

import java.util.Arrays;
import java.util.List;

/**
 * Definition of a macro: a function that returns the text of its body.
 *
 * @param defaults one a parameter, null where it has none
 */
record Macro(int line, String name, List<String> parameters, List<Expression> defaults, List<Statement> body)
        implements Statement {
    Macro {
        defaults = java.util.Collections.unmodifiableList(Arrays.asList(defaults.toArray(new Expression[0])));
    }

    @Override
    public Flow run(Scope frame) {
        frame.set(name, new Callee(name, (run, arguments) -> call(frame, arguments)));
        return Flow.NEXT;
    }

    private Object call(Scope definition, Arguments arguments) {
        Arguments.Bound bound = arguments.bind(name, 0, parameters.toArray(new String[0]));
        Scope inner = definition.inner();
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            if (bound.has(i)) {
                inner.set(parameter, bound.get(i));
            } else if (defaults.get(i) != null) {
                inner.set(parameter, inner.value(defaults.get(i)));
            } else {
                inner.set(parameter, new Undefined("parameter '" + parameter + "' was not provided"));
            }
        }
        return inner.captured(body);
    }
}
