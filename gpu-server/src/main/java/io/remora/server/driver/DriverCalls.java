// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

/** The plain calls of the call table; replaced by the generated interface. */
public interface DriverCalls {}
