// SPDX-License-Identifier: Apache-2.0
package jcuda.driver;

import io.remora.client.RemoteDriver;

/**
 * Stands in for JCuda's class of this name, on a GPU that is somewhere else. Put its jar before
 * JCuda's on the class path, and a program written for JCuda runs unchanged: it finds every static
 * method and constant by inheritance. JCuda's other classes stay JCuda's own.
 */
public class JCudaDriver extends RemoteDriver {
  private JCudaDriver() {}
}
