package nudgeline.peers;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.module.blackbird.BlackbirdModule;

/** One mapper for all; Blackbird is Jackson's fast way of reading and writing fields. */
public final class Json {
    public static final JsonMapper MAPPER = JsonMapper.builder().addModule(new BlackbirdModule()).build();

    private Json() {}
}
