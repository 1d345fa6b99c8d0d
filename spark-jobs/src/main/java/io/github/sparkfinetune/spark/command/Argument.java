package io.github.sparkfinetune.spark.command;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Describes an argument of a command, on a component of the command's record. Components are texts, whole numbers,
 * numbers, flags and lists of texts.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Argument {
    /** Placeholder of the value in help texts; a flag has none. */
    String label() default "";

    /** Help text; {@code ${DEFAULT-VALUE}} stands for the default. */
    String text();

    /** Default as it is written on the command line; empty: null, no elements, or a flag that is not set. */
    String otherwise() default "";

    /** Whether the argument must be given. */
    boolean required() default false;

    /** Whether the command line takes the value without the name of an option. */
    boolean positional() default false;

    /** Whether help texts leave the argument out. */
    boolean hidden() default false;
}
