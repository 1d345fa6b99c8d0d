package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.error.RunException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.package$;
import org.apache.spark.resource.ResourceProfile;
import org.apache.spark.resource.TaskResourceProfile;
import org.apache.spark.resource.TaskResourceRequests;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.apache.spark.ui.JettyUtils;
import org.apache.spark.ui.SparkUI;
import scala.Tuple4;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.util.Properties;

/**
 * Calls by name of methods that differ between Spark 3.5.1 and 4.x and between Scala 2.12 and 2.13. One jar serves all
 * of them. All other methods of Spark link without change; {@code SparkLinkTest} checks this.
 */
public final class SparkVersions {
    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\.(\\d+).*");

    private SparkVersions() {}

    /**
     * Refuses Spark versions other than 3.5 and 4. {@link #requireStageResources} checks what Spark's own 3.5.0 lacks
     * and a vendor's may have.
     *
     * @throws RunException that names the version
     */
    public static void require() {
        require(spark(), Properties.versionNumberString());
    }

    /** @param scala Scala version that Spark was built with */
    static void require(String spark, String scala) {
        Matcher version = VERSION.matcher(spark);
        boolean known = version.matches();
        int major = known ? Integer.parseInt(version.group(1)) : 0;
        int minor = known ? Integer.parseInt(version.group(2)) : 0;
        boolean three = major == 3 && minor >= 5;
        if (!three && major != 4) {
            throw RunException.config("this is Spark " + spark + ": use 3.5.1 to 4.x");
        }
        if (!scala.startsWith("2.13.") && !(three && scala.startsWith("2.12."))) {
            throw RunException.config("this Spark " + spark + " is built with Scala " + scala
                    + ": use one with Scala 2.13" + (three ? " or 2.12" : ""));
        }
    }

    /**
     * Refuses a Spark that cannot give a stage its own cores and GPUs on this cluster. Spark's own 3.5.0 cannot on YARN
     * and Kubernetes (SPARK-45495).
     *
     * @throws RunException that names the version
     */
    public static void requireStageResources(SparkContext spark) {
        if (!Master.parse(spark.master()).isRemote()) {
            return;
        }
        ResourceProfile profile =
                new TaskResourceProfile(new TaskResourceRequests().cpus(1).requests());
        requireStageResources(() -> spark.resourceProfileManager().isSupported(profile), spark.master());
    }

    /** @param supported Spark's own check, which throws if the cluster lacks the support */
    static void requireStageResources(Callable<Boolean> supported, String master) {
        try {
            if (!supported.call()) {
                throw new SparkException("stage resources are not supported");
            }
        } catch (Exception e) {
            // Scala code throws checked exceptions that it does not declare.
            throw RunException.config("this Spark " + spark() + " cannot give a stage its own cores on " + master + " ("
                    + e.getMessage() + "): use Spark 3.5.1 or later, or a standalone cluster");
        }
    }

    /** Returns the version of Spark. */
    public static String spark() {
        return package$.MODULE$.SPARK_VERSION();
    }

    /**
     * Returns the Scala version of this JVM, such as 2.13, for the environment of executors that Spark's launcher
     * starts.
     */
    public static String scala() {
        return Properties.versionNumberString().replaceFirst("^(\\d+\\.\\d+).*", "$1");
    }

    /** Returns the live executors that Spark knows, including the driver's. */
    static List<ExecutorSummary> executors(SparkContext spark) {
        // Scala's Seq is collection.Seq in 2.12 and collection.immutable.Seq in 2.13.
        return list(call(spark.statusStore(), "executorList", boolean.class, true));
    }

    /** Returns the accumulators of all running tasks in a heartbeat. */
    public static List<AccumulableInfo> updates(SparkListenerExecutorMetricsUpdate update) {
        List<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> tasks =
                list(call(update, "accumUpdates", null, null));
        return tasks.stream()
                .flatMap(task -> JavaConverters.seqAsJavaList(task._4()).stream())
                .toList();
    }

    /**
     * Attaches a page to Spark's UI. Jetty's type of a handler is in another package since 4.2.
     *
     * @param path path of the page below the UI's address
     * @param page makes the page from a request, which is of {@code javax.servlet} in 3.5 and of
     *     {@code jakarta.servlet} in 4.x
     */
    public static void attach(SparkUI ui, String path, JettyUtils.ServletParams<?> page) {
        Object handler = callAny(JettyUtils.class, null, "createServletHandler", path, page, ui.conf(), "");
        callAny(SparkUI.class, ui, "attachHandler", handler);
    }

    /** Calls the public method with a name that takes these arguments. */
    private static Object callAny(Class<?> type, Object target, String name, Object... arguments) {
        try {
            for (Method method : type.getMethods()) {
                if (method.getName().equals(name) && takes(method, arguments)) {
                    return method.invoke(target, arguments);
                }
            }
        } catch (ReflectiveOperationException e) {
            throw unknown(type.getName() + "." + name, e);
        }
        throw unknown(type.getName() + "." + name, null);
    }

    private static boolean takes(Method method, Object... arguments) {
        Class<?>[] types = method.getParameterTypes();
        return types.length == arguments.length
                && IntStream.range(0, types.length).allMatch(i -> types[i].isInstance(arguments[i]));
    }

    /** Returns an exception that spark-submit turns into an exit code. */
    static SparkUserAppException exit(int code) {
        for (Constructor<?> constructor : SparkUserAppException.class.getConstructors()) {
            Class<?>[] types = constructor.getParameterTypes();
            if (types.length > 0 && types[0] == int.class) {
                // From 4.2 on the constructor also has a cause, null by default.
                Object[] arguments = new Object[types.length];
                arguments[0] = code;
                try {
                    return (SparkUserAppException) constructor.newInstance(arguments);
                } catch (ReflectiveOperationException e) {
                    throw unknown(SparkUserAppException.class.getName(), e);
                }
            }
        }
        throw unknown(SparkUserAppException.class.getName(), null);
    }

    private static Object call(Object target, String method, Class<?> type, Object argument) {
        try {
            return type == null
                    ? target.getClass().getMethod(method).invoke(target)
                    : target.getClass().getMethod(method, type).invoke(target, argument);
        } catch (ReflectiveOperationException e) {
            throw unknown(target.getClass().getName() + "." + method, e);
        }
    }

    private static IllegalStateException unknown(String what, ReflectiveOperationException cause) {
        return new IllegalStateException("this version of Spark has no " + what + " as 3.5 to 4.2 have it", cause);
    }

    @SuppressWarnings("unchecked")
    private static <T> List<T> list(Object sequence) {
        return JavaConverters.seqAsJavaList((Seq<T>) sequence);
    }
}
