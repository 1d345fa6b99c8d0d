package io.github.sparkfinetune.conf.key;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks of a configuration key. The record component has the key's name and type, the record's constructor its check,
 * and its line in {@code defaults.yaml} its default and meaning.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
    /** Value of {@link #hf} for a key that Hugging Face does not have, though the class of its section does exist. */
    String NOT_IN_HF = "-";

    /** True if the key may be null; every other key needs a value. */
    boolean optional() default false;

    /** A list key that replaces this key: if the list is not empty, this key needs no value. */
    String unless() default "";

    /** True if the key is a path: a text that the executors need as an absolute URI. */
    boolean path() default false;

    /**
     * True if the key may differ between two commands of one run because it does not change what is trained. If any
     * other key differs, the output folder is rejected.
     */
    boolean mayChange() default false;

    /**
     * The key's counterpart in Hugging Face's libraries: a class such as {@code LoraConfig} if the name is the same,
     * else {@code Class.name}. On a section it is the default of all keys of the section; empty for none.
     */
    String hf() default "";
}
