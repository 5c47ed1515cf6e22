package nudgeline.peers;

import com.fasterxml.jackson.annotation.JsonProperty;

/** An output, as every peer writes it: the partner, what was decided, and the event that showed it. */
public class Nudge {
    public String partner, what;
    @JsonProperty("event_id") public String eventId;

    public Nudge() {}

    public Nudge(String partner, String what, String eventId) {
        this.partner = partner;
        this.what = what;
        this.eventId = eventId;
    }
}
