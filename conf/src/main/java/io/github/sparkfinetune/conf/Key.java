package io.github.sparkfinetune.conf;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a key of the configuration is besides its name, type and check, which its record component and the record's
 * constructor have, and its default and meaning, which its line in {@code defaults.yaml} has.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
    /** For {@link #hf}: Hugging Face has no such key, though its section's class is named. */
    String NOT_IN_HF = "-";

    /** Whether it may be null; every other key needs a value. */
    boolean optional() default false;

    /** Another key, a list, that stands for this one: it needs no value where that has one. */
    String unless() default "";

    /** Whether it is a path: a text that the executors need as an absolute URI. */
    boolean path() default false;

    /**
     * Whether it may differ between two commands of one run, because what is trained does not depend on it. Where any
     * other key differs, the output folder is refused.
     */
    boolean mayChange() default false;

    /**
     * What has this key in Hugging Face's libraries: a class, such as {@code LoraConfig}, where the name is the same,
     * else {@code Class.name}. On a section it holds for all its keys that do not say otherwise; empty for none.
     */
    String hf() default "";
}
