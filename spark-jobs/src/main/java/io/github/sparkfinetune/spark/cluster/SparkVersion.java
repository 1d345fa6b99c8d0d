package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.package$;
import scala.util.Properties;

/** The versions of Spark that the jobs run on. */
final class SparkVersion {
    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\.(\\d+).*");

    private SparkVersion() {}

    /**
     * Refuses another Spark than 3.5.1 to 4.x: before it a stage cannot ask for resources of its own on YARN and
     * Kubernetes unless executors are allocated dynamically.
     *
     * @throws RunException that names the version
     */
    static void require() {
        require(package$.MODULE$.SPARK_VERSION(), Properties.versionNumberString());
    }

    /** @param scala version of the Scala that it was built with */
    static void require(String spark, String scala) {
        Matcher version = VERSION.matcher(spark);
        boolean known = version.matches();
        int major = known ? Integer.parseInt(version.group(1)) : 0;
        int minor = known ? Integer.parseInt(version.group(2)) : 0;
        int patch = known ? Integer.parseInt(version.group(3)) : 0;
        boolean three = major == 3 && minor >= 5 && (minor > 5 || patch >= 1);
        if (!three && major != 4) {
            throw RunException.config("this is Spark " + spark + ": use 3.5.1 to 4.x");
        }
        if (!scala.startsWith("2.13.") && !(three && scala.startsWith("2.12."))) {
            throw RunException.config("this Spark " + spark + " is built with Scala " + scala
                    + ": use one with Scala 2.13" + (three ? " or 2.12" : ""));
        }
    }
}
