package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.task.TaskInput;
import java.util.Iterator;

/** Inputs with successive numbers. */
public final class NumberedInputs implements Iterator<TaskInput> {
    private final Iterator<TaskInput> inputs;
    private long next;

    /** @param first number of the first input */
    public NumberedInputs(Iterator<TaskInput> inputs, long first) {
        this.inputs = inputs;
        this.next = first;
    }

    @Override
    public boolean hasNext() {
        return inputs.hasNext();
    }

    @Override
    public TaskInput next() {
        return inputs.next().at(next++);
    }
}
