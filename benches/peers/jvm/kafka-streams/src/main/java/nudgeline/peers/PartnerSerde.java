package nudgeline.peers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** A compact format by hand, as one writes it when the profile shows JSON on top. Order ids are Latin-1, and there are under 32,768 of anything. */
public final class PartnerSerde implements Serde<Partner> {
    private static final int FIXED = 1 + 4 * Double.BYTES + 3 * Integer.BYTES + 3 * Short.BYTES;

    @Override
    public Serializer<Partner> serializer() {
        return (topic, partner) -> partner == null ? null : write(partner);
    }

    @Override
    public Deserializer<Partner> deserializer() {
        return (topic, bytes) -> bytes == null ? null : read(ByteBuffer.wrap(bytes));
    }

    private static byte[] write(Partner p) {
        int waits = p.waits.keySet().stream().mapToInt(order -> Short.BYTES + order.length() + Double.BYTES).sum();
        ByteBuffer b = ByteBuffer.allocate(FIXED + 9 * p.decided.size() + Double.BYTES * p.rejects.size() + waits);
        b.put(flags(p)).putDouble(p.lat).putDouble(p.lon).putDouble(p.restsY2Until).putDouble(p.restsY3Until);
        b.putInt(p.accepted).putInt(p.lowInARow).putInt(p.delivered).putShort((short) p.decided.size());
        for (Partner.Decision d : p.decided) b.putDouble(d.at).put((byte) (d.accepted ? 1 : 0));
        b.putShort((short) p.rejects.size());
        for (double at : p.rejects) b.putDouble(at);
        b.putShort((short) p.waits.size());
        for (Map.Entry<String, Double> wait : p.waits.entrySet()) put(b, wait.getKey()).putDouble(wait.getValue());
        return b.array();
    }

    private static Partner read(ByteBuffer b) {
        Partner p = new Partner();
        setFlags(p, b.get());
        p.lat = b.getDouble();
        p.lon = b.getDouble();
        p.restsY2Until = b.getDouble();
        p.restsY3Until = b.getDouble();
        p.accepted = b.getInt();
        p.lowInARow = b.getInt();
        p.delivered = b.getInt();
        for (int n = b.getShort(); n > 0; n--) p.decided.add(new Partner.Decision(b.getDouble(), b.get() != 0));
        for (int n = b.getShort(); n > 0; n--) p.rejects.add(b.getDouble());
        for (int n = b.getShort(); n > 0; n--) p.waits.put(text(b), b.getDouble());
        return p;
    }

    private static byte flags(Partner p) {
        return (byte) (bit(p.located, 0) | bit(p.online, 1) | bit(p.member, 2) | bit(p.usedPlanner, 3) | bit(p.toldOfPlanner, 4));
    }

    private static void setFlags(Partner p, int flags) {
        p.located = (flags & 1) != 0;
        p.online = (flags & 2) != 0;
        p.member = (flags & 4) != 0;
        p.usedPlanner = (flags & 8) != 0;
        p.toldOfPlanner = (flags & 16) != 0;
    }

    private static int bit(boolean set, int place) {
        return set ? 1 << place : 0;
    }

    private static ByteBuffer put(ByteBuffer b, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return b.putShort((short) bytes.length).put(bytes);
    }

    private static String text(ByteBuffer b) {
        byte[] bytes = new byte[b.getShort()];
        b.get(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
