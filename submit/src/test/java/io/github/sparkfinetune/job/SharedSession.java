package io.github.sparkfinetune.job;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.apache.spark.sql.SparkSession;

/** Runs commands in a session that outlives each command. */
public final class SharedSession {
    private SharedSession() {}

    /** Returns an opener of jobs that leave the session open. */
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
