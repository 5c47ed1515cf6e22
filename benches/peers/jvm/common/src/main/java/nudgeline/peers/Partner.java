package nudgeline.peers;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the rules keep of one partner. Public fields of plain types: a Jackson bean, and a Flink POJO that needs no Kryo. Times in seconds. */
public class Partner {
    /** An offer that was accepted or rejected. */
    public static class Decision {
        public double at;
        public boolean accepted;

        public Decision() {}

        public Decision(double at, boolean accepted) {
            this.at = at;
            this.accepted = accepted;
        }
    }

    public boolean located, online, member, usedPlanner, toldOfPlanner;
    public double lat, lon, restsY2Until = -1, restsY3Until = -1;
    public int accepted, lowInARow, delivered;
    public List<Decision> decided = new ArrayList<>();
    public List<Double> rejects = new ArrayList<>();
    public Map<String, Double> waits = new HashMap<>();
}
