// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.remora.v1.Entry;
import io.remora.v1.Handle;
import io.remora.v1.OptionsProto;
import io.remora.v1.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Reads the model from descriptors; checks only what it needs to read on. */
final class TableReader {
  private final List<CallEntry> entries = new ArrayList<>();
  private final List<NotForwardedSymbol> notForwarded = new ArrayList<>();

  CallTable read(FileDescriptor root) {
    Set<FileDescriptor> files = new LinkedHashSet<>();
    collect(root, files);
    for (FileDescriptor file : files) {
      file.getOptions()
          .getExtension(OptionsProto.notForwarded)
          .forEach(
              each ->
                  notForwarded.add(
                      new NotForwardedSymbol(each.getSymbol(), each.getSince(), each.getGroup())));
      for (Descriptor message : file.getMessageTypes()) {
        if (message.getOptions().hasExtension(OptionsProto.entry)) {
          entries.add(entry(message));
        }
      }
    }
    return new CallTable(entries, notForwarded);
  }

  private static void collect(FileDescriptor file, Set<FileDescriptor> into) {
    // The imports of the table's files are few and shallow.
    if (into.add(file)) {
      file.getDependencies().forEach(each -> collect(each, into));
    }
  }

  private static CallEntry entry(Descriptor message) {
    Entry entry = message.getOptions().getExtension(OptionsProto.entry);
    return new CallEntry(
        entry.getNumber(),
        entry.getName(),
        entry.getAbiList().stream()
            .map(abi -> new AbiSymbol(abi.getSymbol(), abi.getSince()))
            .toList(),
        entry.getCallClass(),
        entry.getHandling(),
        entry.getQueued(),
        entry.getGroup(),
        entry.getNote(),
        entry.getSameAs(),
        message.getFields().stream().map(TableReader::parameter).toList(),
        message);
  }

  private static CallParameter parameter(FieldDescriptor field) {
    Parameter param = field.getOptions().getExtension(OptionsProto.param);
    return new CallParameter(
        field.getName(),
        field.getNumber(),
        WireType.of(field, param.getBulk()),
        field.getType() == FieldDescriptor.Type.UINT64
            || field.getType() == FieldDescriptor.Type.UINT32,
        field.isRepeated(),
        messageClass(field),
        param.getDir(),
        param.getCType(),
        handle(param),
        param.getDevicePointer(),
        param.getLength(),
        Math.max(1, param.getUnitBytes()),
        param.getPitch(),
        param.getRows(),
        param.getNullable(),
        param.getBulk(),
        param.hasMin() ? OptionalLong.of(param.getMin()) : OptionalLong.empty(),
        param.hasMax() ? OptionalLong.of(param.getMax()) : OptionalLong.empty(),
        param.hasMask() ? OptionalLong.of(param.getMask()) : OptionalLong.empty(),
        param.getOpaque(),
        param.getClientOnly(),
        param.getRoute(),
        field.getOptions().hasExtension(OptionsProto.param));
  }

  private static Optional<HandleRule> handle(Parameter param) {
    if (!param.hasHandle()) {
      return Optional.empty();
    }
    Handle handle = param.getHandle();
    return Optional.of(new HandleRule(handle.getKind(), handle.getUse(), handle.getZero()));
  }

  private static String messageClass(FieldDescriptor field) {
    if (field.getType() != FieldDescriptor.Type.MESSAGE) {
      return "";
    }
    Descriptor message = field.getMessageType();
    return message.getFile().getOptions().getJavaPackage() + "." + message.getName();
  }
}
