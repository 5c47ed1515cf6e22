package nudgeline.peers;

import java.nio.file.Path;

/** What the bench asks for, from the environment: read `events` events of `topic`, write to `out`; keep files in `folder`, write what it took to `report`. */
public record Job(String brokers, String topic, String out, String group, long events, Path folder, Path report) {
    public static Job asked() {
        return new Job(
            given("BROKERS"), given("TOPIC"), given("OUT"), given("GROUP"), Long.parseLong(given("EVENTS")), Path.of(given("FOLDER")), Path.of(given("REPORT")));
    }

    private static String given(String name) {
        String value = System.getenv("PEER_" + name);
        if (value == null) throw new IllegalStateException("PEER_" + name + " is not set: a peer is run by python -m benches.peers");
        return value;
    }
}
