package nudgeline.peers;

import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Flink in one JVM: a Kafka source, keyBy, a function with the partner as keyed state on the heap, checkpoints to disk each second, a sink at least once.
 * Argument: the parallelism.
 */
public final class FlinkPeer {
    private FlinkPeer() {}

    public static void main(String[] args) throws Exception {
        Job job = Job.asked();
        Meter.expect(job.events());
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(Integer.parseInt(args[0]), settings(job.folder()));
        env.fromSource(source(job), WatermarkStrategy.noWatermarks(), "events").keyBy(e -> e.partnerId).process(new Step()).sinkTo(sink(job));
        env.execute("yardstick");
        Meter.report(job.report());
        System.exit(0);
    }

    /** Object reuse on, Kryo off: every type has Flink's own serializer. */
    private static Configuration settings(Path folder) {
        Configuration c = new Configuration();
        c.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        c.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, folder.toUri().toString());
        c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
        c.set(PipelineOptions.OBJECT_REUSE, true);
        c.set(PipelineOptions.GENERIC_TYPES, false);
        return c;
    }

    private static KafkaSource<Event> source(Job job) {
        return KafkaSource.<Event>builder()
            .setBootstrapServers(job.brokers()).setTopics(job.topic()).setGroupId(job.group())
            .setStartingOffsets(OffsetsInitializer.earliest()).setBounded(OffsetsInitializer.latest())
            .setProperty("max.poll.records", "5000")
            .setValueOnlyDeserializer(new EventSchema())
            .build();
    }

    private static KafkaSink<Nudge> sink(Job job) {
        var records = KafkaRecordSerializationSchema.<Nudge>builder()
            .setTopic(job.out()).setKeySerializationSchema(new KeySchema()).setValueSerializationSchema(new ValueSchema()).build();
        return KafkaSink.<Nudge>builder()
            .setBootstrapServers(job.brokers()).setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
            .setProperty("linger.ms", "50").setProperty("compression.type", "lz4")
            .setRecordSerializer(records)
            .build();
    }

    private static final class Step extends KeyedProcessFunction<String, Event, Nudge> {
        private transient ValueState<Partner> state;

        @Override
        public void open(OpenContext context) {
            state = getRuntimeContext().getState(new ValueStateDescriptor<>("partner", Partner.class));
        }

        @Override
        public void processElement(Event event, Context context, Collector<Nudge> out) throws Exception {
            Partner known = state.value();
            Partner partner = known == null ? new Partner() : known;
            Rules.apply(partner, event, what -> out.collect(new Nudge(event.partnerId, what, event.eventId)));
            state.update(partner);
            Meter.event();
        }
    }

    private static final class EventSchema extends AbstractDeserializationSchema<Event> {
        private transient ObjectReader reader;

        @Override
        public void open(DeserializationSchema.InitializationContext context) {
            reader = Json.MAPPER.readerFor(Event.class);
        }

        @Override
        public Event deserialize(byte[] bytes) throws IOException {
            Meter.begin();
            return reader.readValue(bytes);
        }
    }

    // Classes with names: the connector cannot tell the types of lambdas here.
    private static final class KeySchema implements SerializationSchema<Nudge> {
        @Override
        public byte[] serialize(Nudge nudge) {
            return nudge.partner.getBytes(StandardCharsets.UTF_8);
        }
    }

    private static final class ValueSchema implements SerializationSchema<Nudge> {
        @Override
        public byte[] serialize(Nudge nudge) {
            try {
                return Json.MAPPER.writeValueAsBytes(nudge);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
