// SPDX-License-Identifier: Apache-2.0
package io.remora.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.remora.v1.DeviceState;
import io.remora.v1.SessionOnDevice;
import io.remora.v1.SessionState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class JsonTest {
  @Test
  void everyKindOfValueIsWritten() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("text", "a\"b\\c\n\u0001é");
    object.put("number", 42L);
    object.put("fraction", 0.5);
    object.put("truth", true);
    object.put("list", List.of(1, List.of(), Map.of()));
    assertThat(Json.of(object))
        .isEqualTo(
            """
            {
              "text": "a\\"b\\\\c\\n\\u0001é",
              "number": 42,
              "fraction": 0.5,
              "truth": true,
              "list": [
                1,
                [],
                {}
              ]
            }""");
  }

  @Test
  void aLineHasNoSpaces() {
    assertThat(Json.line(Map.of("a", List.of(1, "b c", Map.of()))))
        .isEqualTo("{\"a\":[1,\"b c\",{}]}");
  }

  @Test
  void messagesHaveAllTheirFields() {
    SessionState session =
        SessionState.newBuilder()
            .setId("ab")
            .setProcessId(7)
            .addDevices(SessionOnDevice.newBuilder().setBusy(0.5))
            .build();
    Map<String, Object> fields = MessageJson.of(session);
    assertThat(fields)
        .containsEntry("id", "ab")
        .containsEntry("processId", 7L)
        .containsEntry("tenant", "")
        .doesNotContainKey("traffic");
    assertThat(Json.line(fields)).contains("\"devices\":[{\"ordinal\":0,\"busy\":0.5,");
    assertThat(MessageJson.of(DeviceState.getDefaultInstance())).containsEntry("mode", "SERVING");
  }

  @Test
  void otherObjectsAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Json.of(new Object()));
  }
}
