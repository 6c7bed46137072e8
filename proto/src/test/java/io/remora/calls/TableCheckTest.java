// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Type;
import com.google.protobuf.DescriptorProtos.FieldOptions;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileOptions;
import com.google.protobuf.DescriptorProtos.MessageOptions;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.remora.v1.Abi;
import io.remora.v1.CallClass;
import io.remora.v1.Direction;
import io.remora.v1.Entry;
import io.remora.v1.Handle;
import io.remora.v1.HandleKind;
import io.remora.v1.HandleUse;
import io.remora.v1.Handling;
import io.remora.v1.NotForwarded;
import io.remora.v1.OptionsProto;
import io.remora.v1.Parameter;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Every contradiction fails the build with the name of the message and the field. */
class TableCheckTest {
  private final FileDescriptorProto.Builder file =
      FileDescriptorProto.newBuilder().setName("test.proto").setSyntax("proto3");

  private static Entry.Builder entry() {
    return Entry.newBuilder()
        .setNumber(7)
        .setName("cuThing")
        .addAbi(Abi.newBuilder().setSymbol("cuThing").setSince(3020))
        .setCallClass(CallClass.ASYNC)
        .setHandling(Handling.BY_HAND)
        .setGroup("Things");
  }

  private DescriptorProto.Builder message(String name, Entry.Builder entry) {
    return file.addMessageTypeBuilder()
        .setName(name)
        .setOptions(MessageOptions.newBuilder().setExtension(OptionsProto.entry, entry.build()));
  }

  private static void field(
      DescriptorProto.Builder message, String name, Type type, Consumer<Parameter.Builder> rule) {
    Parameter.Builder parameter = Parameter.newBuilder();
    rule.accept(parameter);
    message
        .addFieldBuilder()
        .setName(name)
        .setNumber(message.getFieldCount())
        .setType(type)
        .setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL)
        .setOptions(FieldOptions.newBuilder().setExtension(OptionsProto.param, parameter.build()));
  }

  private CallTable read() {
    try {
      return CallTable.of(
          FileDescriptor.buildFrom(
              file.build(), new FileDescriptor[] {OptionsProto.getDescriptor()}));
    } catch (com.google.protobuf.Descriptors.DescriptorValidationException e) {
      throw new IllegalStateException(e);
    }
  }

  private void refuses(String violation) {
    assertThatThrownBy(this::read)
        .isInstanceOf(InvalidTableException.class)
        .hasMessageContaining(violation);
  }

  @Test
  void aSoundEntryIsTaken() {
    DescriptorProto.Builder message = message("CuThing", entry());
    field(message, "dst", Type.TYPE_UINT64, p -> p.setDevicePointer(true).setLength("n"));
    field(message, "n", Type.TYPE_UINT64, p -> p.setMin(1));

    assertThatCode(this::read).doesNotThrowAnyException();
  }

  @Test
  void twoEntriesWithOneNumber() {
    message("CuThing", entry());
    message(
        "CuOther",
        entry().setName("cuOther").setAbi(0, Abi.newBuilder().setSymbol("cuOther").setSince(3020)));

    refuses("CuOther: has the number 7 of CuThing");
  }

  @Test
  void twoEntriesWithOneSymbol() {
    message("CuThing", entry());
    message("CuThingV5000", entry().setNumber(8));

    refuses("CuThingV5000: lists cuThing, as does CuThing");
  }

  @Test
  void aSymbolThatIsForwardedAndNot() {
    message("CuThing", entry());
    file.setOptions(
        FileOptions.newBuilder()
            .addExtension(
                OptionsProto.notForwarded,
                NotForwarded.newBuilder().setSymbol("cuThing").setSince(2000).build()));

    refuses("cuThing: is not forwarded, but listed by CuThing");
  }

  @Test
  void aSymbolThatIsNotForwardedWithoutItsVersion() {
    file.setOptions(
        FileOptions.newBuilder()
            .addExtension(
                OptionsProto.notForwarded, NotForwarded.newBuilder().setSymbol("cuThing").build()));

    refuses("cuThing: needs the version of CUDA");
  }

  @Test
  void aFieldWithoutAnnotation() {
    message("CuThing", entry())
        .addFieldBuilder()
        .setName("n")
        .setNumber(1)
        .setType(Type.TYPE_UINT64)
        .setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL);

    refuses("CuThing.n: needs the option (param)");
  }

  @Test
  void aLengthThatNamesNoField() {
    DescriptorProto.Builder message = message("CuThing", entry());
    field(message, "dst", Type.TYPE_UINT64, p -> p.setDevicePointer(true).setLength("count"));

    refuses("CuThing.dst: needs a field count of an integer type");
  }

  @Test
  void rowsWithoutPitch() {
    DescriptorProto.Builder message = message("CuThing", entry());
    field(message, "n", Type.TYPE_UINT64, p -> {});
    field(
        message,
        "dst",
        Type.TYPE_UINT64,
        p -> p.setDevicePointer(true).setLength("n").setRows("n"));

    refuses("CuThing.dst: rows and pitch belong together");
  }

  @Test
  void queuedWorkOnTwoStreams() {
    DescriptorProto.Builder message = message("CuThing", entry().setQueued(true));
    Handle stream = Handle.newBuilder().setKind(HandleKind.STREAM).build();
    field(message, "one", Type.TYPE_UINT64, p -> p.setHandle(stream));
    field(message, "two", Type.TYPE_UINT64, p -> p.setHandle(stream));

    refuses("CuThing: is queued, but names several streams");
  }

  @Test
  void anAsynchronousCallWithAnOutput() {
    DescriptorProto.Builder message = message("CuThing", entry());
    field(message, "n", Type.TYPE_UINT64, p -> p.setDir(Direction.OUT));

    refuses("CuThing: is ASYNC, so nothing can travel back");
  }

  @Test
  void aSymbolWithoutVersion() {
    message("CuThing", entry().setAbi(0, Abi.newBuilder().setSymbol("cuThing")));

    refuses("CuThing: cuThing needs the version of CUDA");
  }

  @Test
  void anEntryWithoutSymbol() {
    message("CuThing", entry().clearAbi());

    refuses("CuThing: has an abi if and only if");
  }

  @Test
  void anEntryWithoutClassHandlingGroup() {
    message("CuThing", entry().clearCallClass().clearHandling().clearGroup());

    refuses("CuThing: needs a call_class\nCuThing: needs a handling\nCuThing: needs a group");
  }

  @Test
  void aMessageThatIsNotNamedAfterItsEntryPoint() {
    message("CuThingy", entry());

    refuses("CuThingy: must be named after cuThing");
  }

  @Test
  void aPlainCallThatCreatesAHandle() {
    DescriptorProto.Builder message = message("CuThing", entry().setHandling(Handling.PLAIN));
    Handle creates =
        Handle.newBuilder().setKind(HandleKind.EVENT).setUse(HandleUse.CREATES).build();
    field(message, "event", Type.TYPE_UINT64, p -> p.setHandle(creates));

    refuses("CuThing.event: creating and destroying need handling BY_HAND");
  }

  @Test
  void aPlainCallThatWaitsForItsStream() {
    message(
        "CuThing",
        entry().setHandling(Handling.PLAIN).setQueued(true).setCallClass(CallClass.SYNC));

    refuses("CuThing: waits for its stream, so it needs handling BY_HAND");
  }

  @Test
  void aTypeThatCallsDoNotUse() {
    DescriptorProto.Builder message = message("CuThing", entry());
    field(message, "x", Type.TYPE_FIXED64, p -> {});

    refuses("CuThing.x: the type FIXED64 is not used in calls");
  }

  @Test
  void limitsOnSomethingElseThanAnInteger() {
    DescriptorProto.Builder message = message("CuThing", entry());
    field(message, "name", Type.TYPE_STRING, p -> p.setMax(3));

    refuses("CuThing.name: limits are for integers");
  }

  @Test
  void sameAsAnEntryWithOtherFields() {
    DescriptorProto.Builder other =
        message(
            "CuOther",
            entry()
                .setNumber(8)
                .setName("cuOther")
                .setAbi(0, Abi.newBuilder().setSymbol("cuOther").setSince(3020)));
    field(other, "name", Type.TYPE_STRING, p -> {});
    DescriptorProto.Builder message = message("CuThing", entry().setSameAs("CuOther"));
    field(message, "n", Type.TYPE_UINT64, p -> {});

    refuses("CuThing.n: is not in CuOther, or differs there\nCuThing: lacks name of CuOther");
  }

  @Test
  void sameAsNothing() {
    message("CuThing", entry().setSameAs("CuOther"));

    refuses("CuThing: same_as names no entry: CuOther");
  }
}
