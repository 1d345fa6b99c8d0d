package io.github.sparkfinetune.job;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.apache.spark.sql.SparkSession;

/** Commands in a session that outlives each of them. */
public final class SharedSession {
    private SharedSession() {}

    /** Returns what opens jobs in a session, and leaves it open. */
    public static Jobs.Opener opener(SparkSession session) {
        return (run, local) -> {
            Jobs jobs = SparkJobs.in(session, run);
            return (Jobs) Proxy.newProxyInstance(
                    Jobs.class.getClassLoader(), new Class<?>[] {Jobs.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("close")) {
                            return null;
                        }
                        try {
                            return method.invoke(jobs, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        };
    }
}
