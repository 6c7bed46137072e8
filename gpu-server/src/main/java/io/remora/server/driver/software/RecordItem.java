// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.WorkObserver;

/** The recording of an event. It completes also in a domain with a fault: waits must end. */
final class RecordItem extends StreamItem {
  private final DomainCore domain;
  private final SoftwareEvent.Record record;

  RecordItem(DomainCore domain, SoftwareEvent.Record record, WorkObserver observer) {
    super(observer);
    this.domain = domain;
    this.record = record;
  }

  @Override
  boolean isQuick() {
    return true;
  }

  @Override
  boolean run(SoftwareStream stream) {
    record.complete(domain.device().nanos());
    stream.finish(this, domain.fault(), 0);
    return true;
  }
}
