// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

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
  void otherObjectsAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Json.of(new Object()));
  }
}
