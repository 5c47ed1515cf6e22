package nudgeline.peers;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;

/** One partner event. Public fields and a constructor without arguments: Jackson binds it, and Flink takes it for a POJO. */
@JsonIgnoreProperties(ignoreUnknown = true)
public class Event {
    public enum Type {
        position, logged_in, logged_out, order_offered, order_accepted, order_rejected, arrived_at_restaurant,
        order_picked_up, order_cancelled, order_delivered, rating_received, feature_used;

        /** Whether membership is looked at after it. */
        boolean movesMembership() {
            return name().startsWith("order_") || name().startsWith("logged_");
        }
    }

    public Type type;
    @JsonProperty("event_id") public String eventId;
    @JsonProperty("partner_id") public String partnerId;
    @JsonProperty("occurred_at") public double occurredAt;
    @JsonProperty("order_id") public String orderId;
    public String feature;
    public double lat, lon;
    public int stars;
}
