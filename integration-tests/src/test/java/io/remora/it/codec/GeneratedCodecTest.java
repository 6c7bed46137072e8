// SPDX-License-Identifier: Apache-2.0
package io.remora.it.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.google.protobuf.DynamicMessage;
import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Outputs;
import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import io.remora.wire.WireException;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The generated encoders and decoders of both ends, against protobuf's own reading of the same
 * messages, for every call that travels and for random values.
 */
final class GeneratedCodecTest {
  private static final int ROUNDS = 40;

  private final CallTable table = CallTable.load();
  private final ServerSide server = new ServerSide();
  private SplittableRandom random = new SplittableRandom();
  private RandomValues values = new RandomValues(random);

  @BeforeEach
  void seed() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("GeneratedCodecTest -Dseed=" + seed);
    random = new SplittableRandom(seed);
    values = new RandomValues(random);
  }

  private static DynamicMessage message(CallEntry entry, Map<CallParameter, Object> fields) {
    DynamicMessage.Builder message = DynamicMessage.newBuilder(entry.message());
    fields.forEach(
        (parameter, value) ->
            message.setField(entry.message().findFieldByName(parameter.name()), value));
    return message.build();
  }

  private static Method method(Class<?> type, String name) {
    return Arrays.stream(type.getMethods())
        .filter(each -> each.getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(type.getSimpleName() + " has no " + name));
  }

  private static Object[] arguments(Object first, Map<CallParameter, Object> fields) {
    List<Object> arguments = new ArrayList<>(List.of(first));
    fields.forEach((each, value) -> arguments.add(RandomValues.forEncoder(each, value)));
    return arguments.toArray();
  }

  private static List<String> variants(String method, List<CallParameter> fields) {
    boolean bulk = fields.stream().anyMatch(CallParameter::bulk);
    return bulk ? List.of(method, method + "Tail") : List.of(method);
  }

  @Test
  void whatTheClientWritesProtobufReads() throws Exception {
    for (CallEntry entry : table.onWire()) {
      for (int round = 0; round < ROUNDS; round++) {
        Map<CallParameter, Object> fields = values.of(entry.inputs());
        for (String variant : variants(entry.methodName(), entry.inputs())) {
          WireWriter out = new WireWriter(16);
          method(CallWriter.class, variant).invoke(null, arguments(out, fields));

          assertThat(DynamicMessage.parseFrom(entry.message(), out.toByteArray()))
              .as(variant)
              .isEqualTo(message(entry, fields));
        }
      }
    }
  }

  @Test
  void whatProtobufWritesTheServerReads() {
    for (CallEntry entry : table.onWire()) {
      CallEntry target = table.byMessageName(entry.sameAs()).orElse(entry);
      for (int round = 0; round < ROUNDS; round++) {
        Map<CallParameter, Object> fields = values.of(entry.inputs());
        List<Object> expected = new ArrayList<>();
        for (CallParameter parameter : target.inputs()) {
          fields.entrySet().stream()
              .filter(each -> each.getKey().name().equals(parameter.name()))
              .findFirst()
              .ifPresentOrElse(
                  each -> expected.add(RandomValues.comparable(each.getValue())),
                  () -> expected.add(parameter.javaType().equals("long") ? 0L : (Object) 0));
        }

        boolean known = server.dispatch(entry.number(), message(entry, fields).toByteArray());

        assertThat(known).as(entry.title()).isTrue();
        assertThat(server.failure()).as(entry.title()).isZero();
        assertThat(server.method()).isEqualTo(target.methodName());
        assertThat(server.arguments()).as(entry.title()).isEqualTo(expected);
      }
    }
  }

  @Test
  void whatTheServerAnswersProtobufReads() throws Exception {
    for (CallEntry entry : table.onWire()) {
      for (int round = 0; round < ROUNDS && !entry.outputs().isEmpty(); round++) {
        Map<CallParameter, Object> fields = values.of(entry.outputs());
        for (String variant : variants(entry.methodName(), entry.outputs())) {
          server.dispatch(0, new byte[0]);
          method(Answers.class, variant).invoke(null, arguments(server.context(), fields));

          assertThat(DynamicMessage.parseFrom(entry.message(), server.answer()))
              .as(variant)
              .isEqualTo(message(entry, fields));
        }
      }
    }
  }

  @Test
  void whatProtobufWritesTheClientReads() throws Exception {
    for (CallEntry entry : table.onWire()) {
      for (int round = 0; round < ROUNDS && !entry.outputs().isEmpty(); round++) {
        Map<CallParameter, Object> fields = values.of(entry.outputs());
        byte[] encoded = message(entry, fields).toByteArray();

        Object outputs =
            method(Outputs.class, entry.methodName())
                .invoke(null, new WireReader(encoded, 0, encoded.length));

        List<Object> read = new ArrayList<>();
        if (outputs instanceof Record) {
          for (var component : outputs.getClass().getRecordComponents()) {
            read.add(RandomValues.comparable(component.getAccessor().invoke(outputs)));
          }
        } else {
          read.add(RandomValues.comparable(outputs));
        }
        assertThat(read)
            .as(entry.title())
            .isEqualTo(RandomValues.comparable(fields.values().toArray()));
      }
    }
  }

  @Test
  void valuesBeyondTheTablesLimitsAreInvalid() {
    int limits = 0;
    for (CallEntry entry : table.onWire()) {
      for (CallParameter parameter : entry.inputs()) {
        for (long wrong : beyond(parameter)) {
          Map<CallParameter, Object> fields = values.of(entry.inputs());
          boolean isInt = parameter.javaType().equals("int");
          fields.put(parameter, isInt ? (Object) (int) wrong : (Object) wrong);

          server.dispatch(entry.number(), message(entry, fields).toByteArray());

          assertThat(server.failure())
              .as("%s with %s = %d", entry.title(), parameter.name(), wrong)
              .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
          assertThat(server.method()).as(entry.title()).isEmpty();
          limits++;
        }
      }
    }
    assertThat(limits).isGreaterThan(20);
  }

  private static List<Long> beyond(CallParameter parameter) {
    List<Long> wrong = new ArrayList<>();
    parameter.min().ifPresent(min -> addIf(!parameter.unsigned() || min > 0, min - 1, wrong));
    parameter.max().ifPresent(max -> wrong.add(max + 1));
    parameter.mask().ifPresent(mask -> wrong.add(mask + 1));
    return wrong;
  }

  private static void addIf(boolean possible, long value, List<Long> values) {
    if (possible) {
      values.add(value);
    }
  }

  @Test
  void anUnknownNumberIsToldAndNothingIsCalled() {
    assertThat(server.dispatch(999_999, new byte[] {1, 2, 3})).isFalse();
    assertThat(server.method()).isEmpty();
  }

  @Test
  void malformedBytesAreRefusedAndNothingElseHappens() {
    for (CallEntry entry : table.onWire()) {
      Method decoder = entry.outputs().isEmpty() ? null : method(Outputs.class, entry.methodName());
      for (int round = 0; round < 4 * ROUNDS; round++) {
        byte[] call = damaged(message(entry, values.of(entry.inputs())).toByteArray());
        assertThatCode(() -> refuseOrTake(() -> server.dispatch(entry.number(), call)))
            .as("%s %s", entry.title(), Arrays.toString(call))
            .doesNotThrowAnyException();
        if (decoder != null) {
          byte[] answer = damaged(message(entry, values.of(entry.outputs())).toByteArray());
          assertThatCode(
                  () ->
                      refuseOrTake(
                          () -> decoder.invoke(null, new WireReader(answer, 0, answer.length))))
              .as("%s %s", entry.title(), Arrays.toString(answer))
              .doesNotThrowAnyException();
        }
      }
    }
  }

  private interface Decoding {
    Object run() throws ReflectiveOperationException;
  }

  /** The only failure that malformed bytes may cause is a WireException. */
  private static void refuseOrTake(Decoding decoding) throws Throwable {
    try {
      decoding.run();
    } catch (WireException refused) {
      assertThat(refused).hasMessageNotContaining("null");
    } catch (java.lang.reflect.InvocationTargetException wrapped) {
      if (!(wrapped.getCause() instanceof WireException)) {
        throw wrapped.getCause();
      }
    }
  }

  /** Cut short, with some bytes changed, or garbage altogether. */
  private byte[] damaged(byte[] sound) {
    if (sound.length == 0 || random.nextInt(4) == 0) {
      return values.bytes(random.nextInt(40));
    }
    byte[] bytes =
        random.nextBoolean() ? Arrays.copyOf(sound, random.nextInt(sound.length)) : sound.clone();
    for (int i = random.nextInt(3); i > 0 && bytes.length > 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return bytes;
  }
}
