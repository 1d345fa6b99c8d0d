package io.github.sparkfinetune.job;

import io.github.sparkfinetune.spark.cluster.SparkVersions;
import java.io.Serializable;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.SparkContext;
import org.apache.spark.ui.JettyUtils;
import org.apache.spark.ui.SparkUI;
import org.apache.spark.ui.SparkUITab;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.runtime.AbstractFunction1;

/**
 * A tab of the driver's Spark UI that shows a run's report as it is now.
 *
 * <p>Pages of Spark's UI take requests of {@code javax.servlet} in 3.5 and of {@code jakarta.servlet} in 4.x. The tab
 * therefore has no such page, but a function, in whose byte code the request's type does not occur.
 */
final class UiTab extends SparkUITab implements Jobs.Page {
    /** Name of the tab, and its path below the UI's address. */
    static final String NAME = "finetune";

    private static final Logger LOG = LoggerFactory.getLogger(UiTab.class);
    private static final String PATH = "/" + NAME;
    private static final AtomicBoolean SHOWN = new AtomicBoolean();

    private final SparkUI ui;

    private UiTab(SparkUI ui) {
        super(ui, NAME);
        this.ui = ui;
    }

    /** Answers a request with the page; the request does not matter. */
    private static final class Page extends AbstractFunction1<Object, String> implements Serializable {
        private static final long serialVersionUID = 1;

        private final transient Callable<String> html;

        Page(Callable<String> html) {
            this.html = html;
        }

        @Override
        public String apply(Object request) {
            try {
                return html.call();
            } catch (Exception e) {
                throw new IllegalStateException("the report cannot be made now: " + e.getMessage(), e);
            }
        }
    }

    /** The page is a text already. */
    private static final class Text extends AbstractFunction1<Object, String> implements Serializable {
        private static final long serialVersionUID = 1;

        @Override
        public String apply(Object page) {
            return (String) page;
        }
    }

    /**
     * Shows a page until the returned tab is closed.
     *
     * @param html makes the page; threads of the UI call it
     * @return the tab; an empty page if {@code spark.ui.enabled} is not set to true, if another run of this process has
     *     the tab, or if this version of Spark has another UI
     */
    static Jobs.Page show(SparkContext spark, Callable<String> html) {
        // Spark has a UI by default, and the report may show texts: the user asks for the tab.
        if (!spark.getConf().getBoolean("spark.ui.enabled", false)
                || spark.ui().isEmpty()
                || !SHOWN.compareAndSet(false, true)) {
            return () -> {};
        }
        SparkUI ui = spark.ui().get();
        try {
            UiTab tab = new UiTab(ui);
            SparkVersions.attach(ui, PATH, params(html));
            ui.attachTab(tab);
            return tab;
        } catch (LinkageError | RuntimeException e) {
            SHOWN.set(false);
            LOG.warn("the Spark UI has no tab {}: {}", NAME, e.toString());
            return () -> {};
        }
    }

    /** Returns the page for {@link SparkVersions#attach}; raw, because the type of a request is no type of ours. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static JettyUtils.ServletParams<?> params(Callable<String> html) {
        return new JettyUtils.ServletParams(new Page(html), "text/html", new Text());
    }

    @Override
    public void close() {
        ui.detachTab(this);
        ui.detachHandler(PATH);
        SHOWN.set(false);
    }
}
