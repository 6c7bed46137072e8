// SPDX-License-Identifier: Apache-2.0
package io.remora.it.codec;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.remora.calls.CallParameter;
import io.remora.calls.WireType;
import io.remora.v1.DeviceFigures;
import io.remora.v1.FunctionInfo;
import io.remora.v1.FunctionParameter;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.LaunchAttribute;
import io.remora.v1.StreamMemoryOperation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Random values of the call table's fields, in the form that protobuf's reflection gives them. */
final class RandomValues {
  private final SplittableRandom random;

  RandomValues(SplittableRandom random) {
    this.random = random;
  }

  /** A value for each field, within the table's limits. */
  Map<CallParameter, Object> of(List<CallParameter> parameters) {
    Map<CallParameter, Object> values = new LinkedHashMap<>();
    parameters.forEach(parameter -> values.put(parameter, of(parameter)));
    return values;
  }

  private Object of(CallParameter parameter) {
    if (!parameter.repeated()) {
      return one(parameter);
    }
    return IntStream.range(0, random.nextInt(5))
        .mapToObj(each -> one(parameter))
        .collect(Collectors.toList());
  }

  private Object one(CallParameter parameter) {
    return switch (parameter.type()) {
      case LONG -> limited(parameter);
      case INT -> (int) limited(parameter);
      case BOOLEAN -> random.nextBoolean();
      case FLOAT -> random.nextInt(4) == 0 ? 0f : (float) random.nextDouble() * 1e6f;
      case STRING -> "é☃x".repeat(random.nextInt(4));
      case BYTES, PAYLOAD -> ByteString.copyFrom(bytes(random.nextInt(200)));
      case MESSAGE -> message(parameter);
    };
  }

  private long limited(CallParameter parameter) {
    boolean isInt = parameter.type() == WireType.INT;
    long value = integer();
    if (parameter.mask().isPresent()) {
      return value & parameter.mask().getAsLong();
    }
    if (parameter.min().isEmpty() && parameter.max().isEmpty()) {
      return isInt ? (int) value : value;
    }
    long min = parameter.min().orElse(parameter.unsigned() ? 0 : Integer.MIN_VALUE);
    long max = parameter.max().orElse(isInt ? Integer.MAX_VALUE : Long.MAX_VALUE);
    return switch (random.nextInt(3)) {
      case 0 -> min;
      case 1 -> max;
      default -> min == max ? min : random.nextLong(min, max);
    };
  }

  /** Often short, sometimes at an edge. */
  private long integer() {
    return switch (random.nextInt(6)) {
      case 0 -> 0;
      case 1 -> -1;
      case 2 -> Long.MIN_VALUE;
      case 3 -> 1L << random.nextInt(64);
      default -> random.nextLong() >>> random.nextInt(64);
    };
  }

  /** Random bytes. */
  byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private Message message(CallParameter parameter) {
    if (parameter.messageClass().equals(LaunchAttribute.class.getName())) {
      return LaunchAttribute.newBuilder()
          .setId(random.nextInt(20))
          .setValue(ByteString.copyFrom(bytes(random.nextInt(64))))
          .build();
    }
    if (parameter.messageClass().equals(FunctionInfo.class.getName())) {
      return FunctionInfo.newBuilder()
          .putAttributes(random.nextInt(16), random.nextInt())
          .addParameters(FunctionParameter.newBuilder().setOffset(8).setSize(random.nextInt(99)))
          .setName("kernel" + random.nextInt())
          .build();
    }
    if (parameter.messageClass().equals(GraphNodeWork.class.getName())) {
      return GraphNodeWork.newBuilder()
          .setType(random.nextInt())
          .setF(random.nextLong())
          .setKernelParams(ByteString.copyFrom(bytes(random.nextInt(64))))
          .setArgument(random.nextLong())
          .build();
    }
    if (parameter.messageClass().equals(StreamMemoryOperation.class.getName())) {
      return StreamMemoryOperation.newBuilder()
          .setOperation(random.nextInt(8))
          .setAddress(random.nextLong())
          .setValue(random.nextLong())
          .setFlags(random.nextInt())
          .build();
    }
    if (parameter.messageClass().equals(DeviceFigures.class.getName())) {
      return DeviceFigures.newBuilder()
          .setTemperatureCelsius(random.nextInt(100))
          .setPowerMilliwatts(0)
          .setFanPercent(random.nextInt())
          .build();
    }
    throw new IllegalStateException("no random values of " + parameter.messageClass());
  }

  /** The value as generated encoders take it. */
  static Object forEncoder(CallParameter parameter, Object value) {
    if (parameter.repeated()) {
      List<?> values = (List<?>) value;
      return switch (parameter.type()) {
        case LONG -> values.stream().mapToLong(each -> (Long) each).toArray();
        case INT -> values.stream().mapToInt(each -> (Integer) each).toArray();
        case STRING, MESSAGE -> values;
        case BYTES -> values.stream().map(each -> ((ByteString) each).toByteArray()).toList();
        case BOOLEAN, FLOAT, PAYLOAD -> throw new IllegalStateException("not in the table");
      };
    }
    return switch (parameter.type()) {
      case BYTES -> ((ByteString) value).toByteArray();
      case PAYLOAD -> ByteBuffer.wrap(((ByteString) value).toByteArray());
      case LONG, INT, BOOLEAN, FLOAT, STRING, MESSAGE -> value;
    };
  }

  /** A value from a generated decoder or encoder in a form whose parts can be compared. */
  static Object comparable(Object value) {
    if (value instanceof long[]) {
      return LongStream.of((long[]) value).boxed().toList();
    }
    if (value instanceof int[]) {
      return IntStream.of((int[]) value).boxed().toList();
    }
    if (value instanceof byte[]) {
      return ByteString.copyFrom((byte[]) value);
    }
    if (value instanceof ByteBuffer) {
      return ByteString.copyFrom(((ByteBuffer) value).duplicate());
    }
    if (value instanceof io.remora.wire.Payload) {
      return ByteString.copyFrom(((io.remora.wire.Payload) value).toByteArray());
    }
    if (value instanceof List<?>) {
      return ((List<?>) value).stream().map(RandomValues::comparable).toList();
    }
    return value;
  }

  /** As {@link #comparable}, for several values. */
  static List<Object> comparable(Object... values) {
    List<Object> result = new ArrayList<>();
    Arrays.stream(values).map(RandomValues::comparable).forEach(result::add);
    return result;
  }
}
