// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.Routes;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;

/**
 * Which of several servers a call is for. The call table says which of its fields name something
 * that one server has ({@link Routes}); they are read from the encoded arguments, so that every
 * call, whoever has written it, is routed here and nowhere else. Any thread.
 */
final class Router {
  private static final int NUMBER_SHIFT = 3;
  private static final int WIRE_TYPES = 7;
  private static final int KINDS = (1 << Routes.KIND_BITS) - 1;

  private final Numbering numbering;

  Router(Numbering numbering) {
    this.numbering = numbering;
  }

  /**
   * The context in which a call is made: the given one if the call's arguments are about objects of
   * its server, otherwise a primary context of the server that has them.
   *
   * @param context the caller's current context on the wire; 0 without one
   * @param arguments encoded, without a payload
   */
  long context(int number, long context, WireWriter arguments) {
    int[] route = Routes.of(number);
    if (route.length == 0) {
      return context;
    }
    long[] values = values(route, arguments.reader());
    boolean legacy = false;
    for (int i = 0; i < route.length; i++) {
      int kind = route[i] & KINDS;
      long value = values[i];
      if (kind == Routes.STREAM && isSmall(value)) {
        // The context's own: then only memory can be elsewhere.
        legacy = true;
      } else if (kind == Routes.DEVICE) {
        return ofDevice(context, value);
      } else if (kind == Routes.ADDRESS) {
        int device = value == 0 ? -1 : numbering.deviceOfAddress(value);
        if (device >= 0) {
          return ofDevice(context, device);
        }
      } else if ((kind == Routes.STREAM || !legacy) && !isSmall(value)) {
        return ofHandle(context, value);
      } else if (!legacy && value != 0 && kind == Routes.CONTEXT) {
        return ofDevice(context, value);
      } else if (!legacy && value != 0 && kind == Routes.POOL) {
        return ofDevice(context, value - 1);
      }
    }
    return context;
  }

  /** Values of a route's fields; 0 for those that aren't there. */
  private static long[] values(int[] route, WireReader in) {
    long[] values = new long[route.length];
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if ((tag & WIRE_TYPES) != 0) {
        in.skip(tag);
        continue;
      }
      long value = in.readVarint64();
      for (int i = 0; i < route.length; i++) {
        if (route[i] >>> Routes.KIND_BITS == tag >>> NUMBER_SHIFT) {
          values[i] = value;
        }
      }
    }
    return values;
  }

  private static boolean isSmall(long value) {
    return Long.compareUnsigned(value, ClientContext.FIRST_CREATED) < 0;
  }

  /** A context of a device's server: the given one, or else the device's primary context. */
  private long ofDevice(long context, long device) {
    return numbering.home(device) == numbering.home(context) ? context : device;
  }

  private long ofHandle(long context, long handle) {
    int home = numbering.home(handle);
    return home == numbering.home(context) || home >= numbering.servers()
        ? context
        : numbering.firstDevice(home);
  }
}
