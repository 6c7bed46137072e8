// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;

/**
 * A tenant of the demo with its open session.
 *
 * @param name as in the tenants file
 * @param weight the same
 * @param cuda its session
 * @param admin tells what it has used
 */
record Tenant(String name, int weight, RemoteCuda cuda, AdminClient admin)
    implements AutoCloseable {
  static Tenant connect(String name, int weight, DemoServer server) throws ConnectionException {
    ConnectionSettings settings = server.settings(name);
    RemoteCuda cuda = RemoteCuda.connect(settings);
    try {
      return new Tenant(name, weight, cuda, AdminClient.open(settings));
    } catch (ConnectionException e) {
      cuda.close();
      throw e;
    }
  }

  @Override
  public void close() {
    admin.close();
    cuda.close();
  }
}
