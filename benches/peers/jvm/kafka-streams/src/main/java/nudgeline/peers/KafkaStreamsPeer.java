package nudgeline.peers;

import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams: one processor over one key-value store of partners, with changelog and cache, at least once, commits each second.
 * Arguments: rocksdb or memory (where the store is), json or binary (how a partner is written into it).
 */
public final class KafkaStreamsPeer {
    private static final String STORE = "partners";

    private KafkaStreamsPeer() {}

    public static void main(String[] args) throws Exception {
        Job job = Job.asked();
        Meter.expect(job.events());
        KafkaStreams streams = new KafkaStreams(topology(job, args[0].equals("memory"), args[1].equals("binary")), settings(job));
        streams.start();
        Meter.await();
        Meter.report(job.report());
        streams.close(Duration.ofSeconds(20));
        System.exit(0);
    }

    private static Properties settings(Job job) {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, job.group());
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, job.brokers());
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
        p.put(StreamsConfig.STATE_DIR_CONFIG, job.folder().toString());
        p.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
        return p;
    }

    private static Topology topology(Job job, boolean inMemory, boolean binary) {
        var supplier = inMemory ? Stores.inMemoryKeyValueStore(STORE) : Stores.persistentKeyValueStore(STORE);
        Serde<Partner> partners = binary ? new PartnerSerde() : json(Partner.class);
        StoreBuilder<?> store = Stores.keyValueStoreBuilder(supplier, Serdes.String(), partners).withCachingEnabled();
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(job.topic(), Consumed.with(Serdes.String(), json(Event.class)))
            .process(new Steps(store))
            .to(job.out(), Produced.with(Serdes.String(), json(Nudge.class)));
        return builder.build();
    }

    private static <T> Serde<T> json(Class<T> type) {
        ObjectReader reader = Json.MAPPER.readerFor(type);
        ObjectWriter writer = Json.MAPPER.writerFor(type);
        return Serdes.serdeFrom((topic, value) -> written(writer, value), (topic, bytes) -> read(reader, bytes));
    }

    private static byte[] written(ObjectWriter writer, Object value) {
        try {
            return value == null ? null : writer.writeValueAsBytes(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <T> T read(ObjectReader reader, byte[] bytes) {
        try {
            return bytes == null ? null : reader.readValue(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Steps(StoreBuilder<?> store) implements ProcessorSupplier<String, Event, String, Nudge> {
        @Override
        public Processor<String, Event, String, Nudge> get() {
            return new Step();
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(store);
        }
    }

    private static final class Step implements Processor<String, Event, String, Nudge> {
        private ProcessorContext<String, Nudge> context;
        private KeyValueStore<String, Partner> partners;

        @Override
        public void init(ProcessorContext<String, Nudge> given) {
            context = given;
            partners = given.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, Event> record) {
            Meter.begin();
            Event event = record.value();
            Partner known = partners.get(record.key());
            Partner partner = known == null ? new Partner() : known;
            Rules.apply(partner, event, what -> context.forward(record.withValue(new Nudge(record.key(), what, event.eventId))));
            partners.put(record.key(), partner);
            Meter.event();
        }
    }
}
