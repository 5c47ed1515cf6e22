package nudgeline.peers;

import java.util.function.Consumer;

/** The yardstick's rules Y1 to Y5, with silence noticed at the partner's next event: apply changes the partner, and says what the event showed. */
public final class Rules {
    private static final double[][] HOTSPOTS = {{12.9352, 77.6245}, {12.9719, 77.6412}, {13.0358, 77.5970}};
    private static final double EARTH_KM = 6371.0088;

    private Rules() {}

    public static void apply(Partner p, Event e, Consumer<String> say) {
        double now = e.occurredAt;
        if (!p.waits.isEmpty()) overdue(p, now, say);
        switch (e.type) {
            case position -> locate(p, e);
            case logged_in -> p.online = true;
            case logged_out -> p.online = false;
            case order_accepted -> decide(p, now, true);
            case order_rejected -> reject(p, now, say);
            case arrived_at_restaurant -> p.waits.put(e.orderId, now + 900);
            case order_picked_up, order_cancelled -> p.waits.remove(e.orderId);
            case order_delivered -> deliver(p, say);
            case feature_used -> p.usedPlanner |= "route_planner".equals(e.feature);
            case rating_received -> rate(p, e, say);
            case order_offered -> { }
        }
        if (e.type.movesMembership()) membership(p, now, say);
    }

    private static void overdue(Partner p, double now, Consumer<String> say) {
        p.waits.entrySet().removeIf(wait -> {
            if (wait.getValue() > now) return false;
            say.accept("Y4:" + wait.getKey());
            return true;
        });
    }

    private static void locate(Partner p, Event e) {
        p.lat = e.lat;
        p.lon = e.lon;
        p.located = true;
    }

    private static void decide(Partner p, double now, boolean accepted) {
        p.decided.add(new Partner.Decision(now, accepted));
        if (accepted) p.accepted++;
    }

    private static void reject(Partner p, double now, Consumer<String> say) {
        decide(p, now, false);
        if (!p.located || !nearHotspot(p.lat, p.lon)) return;
        p.rejects.removeIf(at -> at <= now - 1200);
        p.rejects.add(now);
        if (p.rejects.size() < 3) return;
        p.rejects.clear();
        if (now < p.restsY2Until) return;
        p.restsY2Until = now + 14_400;
        say.accept("Y2");
    }

    private static void deliver(Partner p, Consumer<String> say) {
        p.delivered++;
        if (p.delivered < 8 || p.usedPlanner || p.toldOfPlanner) return;
        p.toldOfPlanner = true;
        say.accept("Y5");
    }

    private static void rate(Partner p, Event e, Consumer<String> say) {
        p.lowInARow = e.stars <= 2 ? p.lowInARow + 1 : 0;
        if (p.lowInARow < 2) return;
        p.lowInARow = 0;
        if (e.occurredAt < p.restsY3Until) return;
        p.restsY3Until = e.occurredAt + 259_200;
        say.accept("Y3");
    }

    private static void membership(Partner p, double now, Consumer<String> say) {
        forget(p, now - 7200);
        int n = p.decided.size();
        if (!p.member && p.online && n >= 5 && p.accepted < .6 * n) {
            p.member = true;
            say.accept("enter");
        } else if (p.member && (!p.online || (n >= 5 && p.accepted > .7 * n))) {
            p.member = false;
            say.accept("exit");
        }
    }

    private static void forget(Partner p, double horizon) {
        int old = 0;
        for (; old < p.decided.size() && p.decided.get(old).at <= horizon; old++) if (p.decided.get(old).accepted) p.accepted--;
        if (old > 0) p.decided.subList(0, old).clear();
    }

    private static boolean nearHotspot(double lat, double lon) {
        for (double[] spot : HOTSPOTS) if (km(lat, lon, spot[0], spot[1]) < 1.0) return true;
        return false;
    }

    private static double km(double lat1, double lon1, double lat2, double lon2) {
        double p = Math.toRadians(lat1), q = Math.toRadians(lat2);
        double a = Math.sin((q - p) / 2), b = Math.sin(Math.toRadians(lon2 - lon1) / 2);
        return 2 * EARTH_KM * Math.asin(Math.sqrt(a * a + Math.cos(p) * Math.cos(q) * b * b));
    }
}
