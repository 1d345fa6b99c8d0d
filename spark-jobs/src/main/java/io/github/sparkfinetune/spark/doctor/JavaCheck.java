package io.github.sparkfinetune.spark.doctor;

import java.util.List;

/** Java version of the driver. */
final class JavaCheck implements Check {
    private static final int LEAST = 17;

    @Override
    public List<Finding> findings(Examination examination) {
        String found = System.getProperty("java.version") + ", " + System.getProperty("java.vm.name") + ", "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (Runtime.version().feature() < LEAST) {
            return List.of(Finding.wrong("java", found, "set JAVA_HOME to a JDK " + LEAST + ", on every machine"));
        }
        boolean tried = System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64");
        return List.of(
                tried
                        ? Finding.ok("java", found)
                        : Finding.advice("java", found, "only Linux on x86-64 was tried; see PyTorch below"));
    }
}
