package nudgeline.peers;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Wall time from the first event to the last, and CPU time of this process (all threads), from its start and from its first event. Static, as Flink copies what its functions hold. */
public final class Meter {
    private record Moment(long wall, long cpu) {
        static Moment now() {
            return new Moment(System.nanoTime(), ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime());
        }
    }

    private static final AtomicLong seen = new AtomicLong();
    private static final AtomicBoolean begun = new AtomicBoolean();
    private static final CountDownLatch done = new CountDownLatch(1);
    private static volatile long wanted;
    private static volatile Moment first, last;

    private Meter() {}

    public static void expect(long events) {
        wanted = events;
    }

    /** Before an event is worked on. */
    public static void begin() {
        if (!begun.get() && begun.compareAndSet(false, true)) first = Moment.now();
    }

    /** After an event was worked on. */
    public static void event() {
        if (seen.incrementAndGet() == wanted) {
            last = Moment.now();
            done.countDown();
        }
    }

    public static void await() throws InterruptedException {
        done.await();
    }

    public static void report(Path file) throws IOException {
        if (last == null) throw new IllegalStateException(seen.get() + " of " + wanted + " events were seen");
        Json.MAPPER.writeValue(file.toFile(), Map.of(
            "events", seen.get(), "wall_s", (last.wall - first.wall) / 1e9, "cpu_s", last.cpu / 1e9,
            "running_cpu_s", (last.cpu - first.cpu) / 1e9, "rss_mb", peakMegabytes()));
    }

    private static long peakMegabytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) return 0;
        String line = Files.readAllLines(status).stream().filter(l -> l.startsWith("VmHWM")).findFirst().orElse("0");
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
    }
}
