package io.github.sparkfinetune.s3;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;

/** An S3 server behind an HTTP proxy that adds faults to some answers. */
public final class FaultyS3 implements AutoCloseable {
    /** Fault of a request. */
    public enum Fault {
        /** 503 SlowDown; the request is not carried out. */
        SLOW_DOWN,
        /** 403 AccessDenied; the request is not carried out. */
        DENIED,
        /** The request is carried out, but the connection ends before the answer. */
        DROPPED,
        /** The connection ends in the middle of the answer. */
        CUT,
        /** The request is carried out and answered after a delay. */
        SLOW
    }

    private static final long SLOW_MILLIS = 100;
    private static final Set<String> NOT_PASSED_ON =
            Set.of("connection", "content-length", "expect", "host", "upgrade", "transfer-encoding");

    private final MotoServer moto;
    private final HttpServer proxy;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private final Map<Fault, AtomicInteger> injected = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();

    private record Rule(Fault fault, BiPredicate<String, String> matches, int every, AtomicInteger seen) {
        boolean hits(String method, String target) {
            return matches.test(method, target) && seen.incrementAndGet() % every == 0;
        }
    }

    private FaultyS3(MotoServer moto, HttpServer proxy) {
        this.moto = moto;
        this.proxy = proxy;
    }

    /** Starts the server and the proxy, without faults. */
    public static FaultyS3 start() throws IOException, InterruptedException {
        MotoServer moto = MotoServer.start();
        HttpServer proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        FaultyS3 s3 = new FaultyS3(moto, proxy);
        proxy.setExecutor(s3.threads);
        proxy.createContext("/", s3::handle);
        proxy.start();
        return s3;
    }

    /** Returns S3A's settings for the server, by their names in Hadoop. */
    public Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("fs.s3a.endpoint", "http://127.0.0.1:" + proxy.getAddress().getPort());
        settings.put("fs.s3a.endpoint.region", "us-east-1");
        settings.put("fs.s3a.path.style.access", "true");
        settings.put("fs.s3a.connection.ssl.enabled", "false");
        settings.put("fs.s3a.access.key", "a");
        settings.put("fs.s3a.secret.key", "b");
        // S3A repeats requests after short waits; the AWS SDK below it would wait for seconds.
        settings.put("fs.s3a.attempts.maximum", "1");
        settings.put("fs.s3a.retry.interval", "100ms");
        settings.put("fs.s3a.retry.throttle.interval", "100ms");
        settings.put("fs.s3a.aws.credentials.provider", "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider");
        return settings;
    }

    /** Creates a bucket. */
    public void bucket(String name) throws IOException, InterruptedException {
        HttpRequest put = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + moto.port() + "/" + name))
                .PUT(HttpRequest.BodyPublishers.noBody())
                .build();
        client.send(put, HttpResponse.BodyHandlers.discarding());
    }

    /**
     * Makes some of the following requests fail.
     *
     * @param matches tests the method, and the path with the query
     * @param every n, to make every n-th matching request fail; 1 for all
     */
    public void inject(Fault fault, int every, BiPredicate<String, String> matches) {
        rules.add(new Rule(fault, matches, every, new AtomicInteger()));
    }

    /** Stops the faults and clears the counts. */
    public void recover() {
        rules.clear();
        injected.clear();
        requests.clear();
    }

    /** Returns how many requests met a fault. */
    public int injected(Fault fault) {
        return injected.getOrDefault(fault, new AtomicInteger()).get();
    }

    /** Returns the requests so far: method, path with the query, and, after a space, the requested range if any. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    private void handle(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod();
        String target = exchange.getRequestURI().toString();
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(method + " " + target + (range == null ? "" : " " + range));
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            Fault fault = rules.stream()
                    .filter(rule -> rule.hits(method, target))
                    .map(Rule::fault)
                    .findFirst()
                    .orElse(null);
            if (fault != null) {
                injected.computeIfAbsent(fault, none -> new AtomicInteger()).incrementAndGet();
            }
            if (fault == Fault.SLOW_DOWN || fault == Fault.DENIED) {
                refuse(exchange, fault);
                return;
            }
            HttpResponse<byte[]> answer = ask(exchange, body);
            if (fault == Fault.DROPPED) {
                return;
            }
            if (fault == Fault.SLOW) {
                Thread.sleep(SLOW_MILLIS);
            }
            answer(exchange, answer, fault == Fault.CUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private HttpResponse<byte[]> ask(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + moto.port() + exchange.getRequestURI()))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!NOT_PASSED_ON.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static void answer(HttpExchange exchange, HttpResponse<byte[]> answer, boolean cut) throws IOException {
        Headers headers = exchange.getResponseHeaders();
        answer.headers().map().forEach((name, values) -> {
            if (!Set.of("connection", "transfer-encoding", "date").contains(name)) {
                headers.put(name, values);
            }
        });
        byte[] body = answer.body();
        boolean none = exchange.getRequestMethod().equals("HEAD") || body.length == 0;
        exchange.sendResponseHeaders(answer.statusCode(), none ? -1 : body.length);
        if (!none) {
            exchange.getResponseBody().write(body, 0, cut ? body.length / 2 : body.length);
            exchange.getResponseBody().flush();
        }
    }

    private static void refuse(HttpExchange exchange, Fault fault) throws IOException {
        String code = fault == Fault.DENIED ? "AccessDenied" : "SlowDown";
        byte[] body = ("<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + code
                        + "</Message><RequestId>1</RequestId></Error>")
                .getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/xml");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(fault == Fault.DENIED ? 403 : 503, head ? -1 : body.length);
        if (!head) {
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        proxy.stop(0);
        threads.shutdownNow();
        moto.close();
    }
}
