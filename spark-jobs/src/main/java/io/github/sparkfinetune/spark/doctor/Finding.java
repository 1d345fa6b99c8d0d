package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.ExitCode;

/**
 * What a check found, a line.
 *
 * @param about what was looked at
 * @param found what it is
 * @param remedy what to do, or null where nothing is to be done or {@code found} says it
 * @param code done where training works as it is; else how it would end
 */
public record Finding(String about, String found, String remedy, ExitCode code) {

    /** Nothing is wrong. */
    static Finding ok(String about, String found) {
        return new Finding(about, found, null, ExitCode.DONE);
    }

    /** It works, but something would be better. */
    static Finding advice(String about, String found, String remedy) {
        return new Finding(about, found, remedy, ExitCode.DONE);
    }

    /** A setting has to be changed. */
    static Finding wrong(String about, String found, String remedy) {
        return new Finding(about, found, remedy, ExitCode.CONFIG);
    }

    /** Something fails that may be there later. */
    static Finding failing(String about, String found, String remedy) {
        return new Finding(about, found, remedy, ExitCode.FAILED);
    }
}
