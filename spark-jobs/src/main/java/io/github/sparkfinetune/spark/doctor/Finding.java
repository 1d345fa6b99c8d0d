package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.error.ExitCode;

/**
 * Finding of a check, printed as one line.
 *
 * @param about subject of the check
 * @param found what the check found
 * @param remedy what the user can do, or null if nothing is to be done or {@code found} says it
 * @param code done if training works as it is, else the exit code that training would end with
 */
public record Finding(String about, String found, String remedy, ExitCode code) {

    /** Returns a finding without a fault. */
    static Finding ok(String about, String found) {
        return new Finding(about, found, null, ExitCode.DONE);
    }

    /** Returns a finding that training works with, with advice for a better setup. */
    static Finding advice(String about, String found, String remedy) {
        return new Finding(about, found, remedy, ExitCode.DONE);
    }

    /** Returns a finding that requires another setting. */
    static Finding wrong(String about, String found, String remedy) {
        return new Finding(about, found, remedy, ExitCode.CONFIG);
    }

    /** Returns a fault that may go away without another setting. */
    static Finding failing(String about, String found, String remedy) {
        return new Finding(about, found, remedy, ExitCode.FAILED);
    }
}
