// A correct receiver in Spring Boot: each status of a message takes effect once, and no message ever goes back.
//
// It needs Java 17 and spring-boot-starter-web. In a project of one's own it is src/main/java/…/SpringReceiver.java,
// with the properties of `main` in application.properties. Callbacks come by POST to /callbacks/whatsapp, and GET on
// /callbacks/whatsapp/{id} shows what is stored of a message. What it knows is in memory and lost with the process:
// replace the map with a table whose primary key is the message's id, see `store`. With the jars in lib it also starts
// as it is, and to have it judged:
//
//     PORT=8080 java -cp 'lib/*' spring_receiver.java
//     URL=http://127.0.0.1:8080/callbacks/whatsapp
//     callback-contract check "$URL" --state-url "$URL/{id}"
package com.example.callbacks; // any but the default package, from which Spring would scan every jar

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

@SpringBootApplication(proxyBeanMethods = false)
@RestController
public class SpringReceiver {

    private static final int MAX_BODY_BYTES = 1024 * 1024;

    private static final List<String> STRINGS = List.of(
            "workflow_id", "workflow_name", "nodetask_id", "nodetask_name", "waba_task_id", "wfdetail_uuid", "status",
            "msg_id", "send_time", "waba_template_name", "channel_id", "callee");
    private static final List<String> INTEGERS = List.of("timestamp", "waba_template_id");

    // The states that each status may follow. A redelivery or a late older status finds none, and changes nothing.
    private static final Map<String, List<String>> FOLLOWS = Map.of(
            "wait", List.of(),
            "send", List.of("wait"),
            "delivery", List.of("wait", "send"),
            "read", List.of("wait", "send", "delivery"),
            "replied", List.of("wait", "send", "delivery", "read"),
            "failed", List.of("wait", "send"));

    // Not Spring's own mapper, which stops reading after the first document.
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private final Map<String, Message> messages = new ConcurrentHashMap<>();

    record Message(String id, String state, int applied, @JsonRawValue String last) {}

    // Stores one delivery; every repeat of it gets the same answer. `consumes` makes any other media type a 415.
    // region: media-type
    @PostMapping(path = "/callbacks/whatsapp", consumes = "application/json")
    // endregion
    Map<String, Object> receive(InputStream stream) throws IOException {
        // region: limit
        // stream: a parameter, an InputStream; MAX_BODY_BYTES: as 1024 * 1024
        byte[] body = stream.readNBytes(MAX_BODY_BYTES + 1); // the server itself does not limit JSON
        // endregion
        if (body.length > MAX_BODY_BYTES) {
            throw new ResponseStatusException(HttpStatus.PAYLOAD_TOO_LARGE, "the body is too large");
        }
        String text;
        JsonNode callback;
        // Not a @RequestBody: Jackson guesses at UTF-16, and makes 1 of "1".
        // region: parse
        // body: bytes, no @RequestBody; text: a String; callback: a JsonNode
        // JSON: an ObjectMapper with FAIL_ON_TRAILING_TOKENS
        try {
            text = UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
            callback = JSON.readTree(text);
        } catch (IOException refused) { // bad UTF-8, bad JSON, very deep nesting, numbers of thousands of digits
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST);
        }
        // endregion
        // `path` gives a node without a type where a member is missing or where the body is no object.
        // region: members
        // callback: a JsonNode, the body; STRINGS, INTEGERS: its members' names
        boolean fits = STRINGS.stream().allMatch(n -> callback.path(n).isTextual())
                && INTEGERS.stream()
                        .allMatch(n -> callback.path(n).isIntegralNumber())
                && callback.path("variables").isObject();
        if (!fits) throw new ResponseStatusException(HttpStatus.BAD_REQUEST);
        // endregion
        // What a key and a URL carry without escapes; no format is documented for ids.
        if (!callback.path("msg_id").asText().matches("[0-9A-Za-z_-]{1,64}")) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST, "msg_id is no usable id");
        }
        store(callback.path("msg_id").textValue(), callback.path("status").textValue(), text);
        return Map.of(); // after storing: an exception there becomes a 500, and the provider tries again
    }

    // Shows what is stored about one message, to tests. It is personal data: ask for credentials, or leave it out.
    @GetMapping("/callbacks/whatsapp/{id}")
    Message readBack(@PathVariable("id") String id) {
        Message message = messages.get(id);
        if (message == null) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND, "no such message");
        }
        return message;
    }

    // Lets a status take effect where it may. `compute` is atomic, so that concurrent deliveries cannot race. The same
    // in PostgreSQL, as one statement: the primary key lets one delivery create the message, and WHERE lets a later one
    // change it only from a state that its status may follow.
    //
    //   INSERT INTO message (id, state, applied, last) VALUES (?, ?, 1, ?)
    //   ON CONFLICT (id) DO UPDATE SET state = excluded.state, applied = message.applied + 1, last = excluded.last
    //   WHERE message.state = ANY (?)
    private void store(String id, String status, String text) {
        // region: status
        // FOLLOWS: each known status with the states that it may follow
        List<String> before = FOLLOWS.get(status);
        if (before == null) {
            return; // to the caller, which acknowledges: a value of next year
        }
        // endregion
        // region: store
        // messages: a ConcurrentHashMap; before: as List.of("wait") for "send"
        messages.compute(id, (key, known) -> {
            if (known != null && !before.contains(known.state())) {
                return known; // a redelivery, or a status that comes late
            }
            int applied = known == null ? 1 : known.applied() + 1;
            return new Message(id, status, applied, text);
        });
        // endregion
    }

    public static void main(String[] arguments) {
        SpringApplication application = new SpringApplication(SpringReceiver.class);
        application.setDefaultProperties(Map.of(
                "server.address", "127.0.0.1",
                "server.port", System.getenv("PORT"),
                "spring.mvc.problemdetails.enabled", "true", // errors in JSON (RFC 9457), never as a page
                "server.tomcat.max-swallow-size", "16MB", // so that a sender of too much gets to see the 413
                "logging.level.root", "warn"));
        application.run(arguments);
    }
}
