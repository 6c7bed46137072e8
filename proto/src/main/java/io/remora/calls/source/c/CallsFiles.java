// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code remora_calls.h} and {@code .c}: the calls that travel, and their arguments and outputs.
 */
public final class CallsFiles {
  private static final int BYTES_A_LINE = 16;

  private CallsFiles() {}

  /** Texts by file name. */
  public static Map<String, String> of(CallTable table) {
    return Map.of("remora_calls.h", header(table), "remora_calls.c", source(table));
  }

  /** The constant with a call's number. */
  static String constant(CallEntry entry) {
    return "REMORA_CALL_" + entry.constantName();
  }

  private static String header(CallTable table) {
    CText text = CText.header("REMORA_CALLS_H").include("wire.h").line("");
    text.comment("Call.number of the calls that travel.");
    text.open("enum remora_call_number");
    table.onWire().forEach(each -> text.line(constant(each) + " = " + each.number() + ","));
    text.close(";").line("");
    text.comment("How a call travels.");
    text.open("enum remora_call_class");
    text.comment("Returns at once; an error surfaces at a later waiting call.");
    text.line("REMORA_CALL_ASYNC = 2,");
    text.comment("Flushes, then waits for its own answer.");
    text.line("REMORA_CALL_SYNC = 3");
    text.close(";").line("");
    text.open("struct remora_call_info");
    text.line("uint32_t number;").line("enum remora_call_class call_class;");
    text.comment("Whether it is work on a stream.");
    text.line("bool queued;");
    text.comment("The C name; for Remora's own calls a description.");
    text.line("const char *name;").close(";").line("");
    text.comment("What the table says of a call that travels; NULL for any other number.");
    text.line("const struct remora_call_info *remora_call_info(uint32_t number);").line("");
    text.comment("Hello.table_hash and Hello.supported_calls of this build.");
    text.line("extern const uint8_t remora_table_hash[" + table.hash().length + "];");
    text.line(
        "extern const uint8_t remora_supported_calls[" + table.supportedCalls().length + "];");
    encodersAbout(text);
    table.onWire().forEach(each -> encoders(text, each));
    decodersAbout(text);
    for (CallEntry entry : table.onWire()) {
      if (!entry.outputs().isEmpty()) {
        text.list("bool remora_decode_" + entry.methodName(), outputs(entry), ";");
      }
    }
    return text.endHeader();
  }

  private static void encodersAbout(CText text) {
    text.line("").line("/*");
    text.line(
        " * The encoders write the fields of Call.arguments. Encoded messages are spans. A bulk");
    text.line(
        " * field's _tail form leaves the payload to the caller, who sends it from where it is.");
    text.line(" */");
  }

  private static void decodersAbout(CText text) {
    text.line("").line("/*");
    text.line(
        " * The decoders read Answer.outputs. False if it is malformed: then nothing but arrays");
    text.line(
        " * may have been written to. Spans lie in the reader's bytes. Where a pointer is NULL the");
    text.line(
        " * value is dropped. Of repeated fields the first _capacity values are stored, all are");
    text.line(" * counted.");
    text.line(" */");
  }

  private static void encoders(CText text, CallEntry entry) {
    encoder(text, entry, false);
    if (entry.inputs().stream().anyMatch(CallParameter::bulk)) {
      encoder(text, entry, true);
    }
  }

  private static void encoder(CText text, CallEntry entry, boolean asTail) {
    List<String> parameters = new ArrayList<>(List.of("struct remora_writer *out"));
    entry.inputs().forEach(each -> parameters.addAll(CCodec.inputs(each, asTail)));
    String name = "remora_encode_" + entry.methodName() + (asTail ? "_tail" : "");
    text.line("").list("static inline void " + name, parameters, "").openFunction();
    if (entry.inputs().isEmpty()) {
      text.line("(void)out;");
    }
    // A payload is the end of its message, so that it can be a tail.
    for (boolean bulk : new boolean[] {false, true}) {
      for (CallParameter field : entry.inputs()) {
        if (field.bulk() == bulk) {
          text.line(CCodec.write(field, asTail));
        }
      }
    }
    text.close();
  }

  private static List<String> outputs(CallEntry entry) {
    List<String> parameters = new ArrayList<>(List.of("struct remora_reader *in"));
    entry.outputs().forEach(each -> parameters.addAll(CCodec.outputs(each)));
    return parameters;
  }

  private static String source(CallTable table) {
    CText text = CText.file().include("remora_calls.h").line("");
    bytes(text, "remora_table_hash", table.hash());
    bytes(text, "remora_supported_calls", table.supportedCalls());
    text.open("static const struct remora_call_info calls[] =");
    for (CallEntry entry : table.onWire()) {
      text.line("{" + constant(entry) + ", REMORA_CALL_" + entry.callClass() + ",");
      text.line(" " + entry.queued() + ", \"" + entry.title() + "\"},");
    }
    text.close(";").line("");
    text.line("const struct remora_call_info *remora_call_info(uint32_t number)").openFunction();
    text.line("size_t low = 0;").line("size_t high = sizeof calls / sizeof calls[0];");
    text.open("while (low < high)").line("size_t middle = (low + high) / 2;");
    text.open("if (calls[middle].number == number)").line("return &calls[middle];").close();
    text.open("if (calls[middle].number < number)").line("low = middle + 1;");
    text.close(" else {").line("    high = middle;").line("}");
    text.close().line("return NULL;").close();
    table.onWire().stream()
        .filter(each -> !each.outputs().isEmpty())
        .forEach(each -> decoder(text, each));
    return text.toString();
  }

  private static void bytes(CText text, String name, byte[] bytes) {
    text.open("const uint8_t " + name + "[" + bytes.length + "] =");
    for (int at = 0; at < bytes.length; at += BYTES_A_LINE) {
      var line = new StringBuilder();
      for (int i = at; i < Math.min(at + BYTES_A_LINE, bytes.length); i++) {
        line.append(i == at ? "" : " ").append(String.format("0x%02x,", bytes[i]));
      }
      text.line(line.toString());
    }
    text.close(";").line("");
  }

  private static void decoder(CText text, CallEntry entry) {
    text.line("").list("bool remora_decode_" + entry.methodName(), outputs(entry), "");
    text.openFunction();
    entry.outputs().forEach(each -> text.line(CCodec.local(each)));
    text.line("uint32_t tag;");
    text.open("while (remora_read_tag(in, &tag))").line("switch (tag) {");
    for (CallParameter field : entry.outputs()) {
      text.line("case " + CCodec.tag(field) + ":");
      text.line("    " + CCodec.read(field)).line("    break;");
    }
    text.line("default:").line("    remora_skip(in, tag);").line("}").close();
    text.open("if (in->failed)").line("return false;").close();
    for (CallParameter field : entry.outputs()) {
      String name = field.name();
      String target = field.repeated() ? name + "_count" : name;
      text.open("if (" + target + " != NULL)");
      text.line("*" + target + " = " + name + (field.repeated() ? "_total;" : "_value;")).close();
    }
    text.line("return true;").close();
  }
}
