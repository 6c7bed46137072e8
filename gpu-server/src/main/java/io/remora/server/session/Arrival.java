// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.Driver;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session that comes from another server: first what it has, then its memory piece by piece, then
 * it rests until its client comes. One thread at a time, a worker, since drivers may take long.
 */
public final class Arrival {
  private static final Logger log = LoggerFactory.getLogger(Arrival.class);

  /** A fault's detail names a kernel, whose name can be long, and an address. */
  private static final int DETAIL_CHARS_MAX = 1 << 16;

  private final ClientSession session;
  private final SessionImage image;
  private final List<SessionDevice> devices = new ArrayList<>();

  /** What of each device's memory is to come. */
  private final List<List<SessionImage.Range>> ranges = new ArrayList<>();

  // The next byte of memory to come.
  private int device;
  private int range;
  private long offset;
  private boolean over;

  private Arrival(ClientSession session, SessionImage image) {
    this.session = session;
    this.image = image;
  }

  /**
   * Makes everything but the contents of memory.
   *
   * @param modules gives the module with a hash and a size
   * @throws Unmovable if the session can't be here; then nothing is left of it, and its grant is
   *     closed
   */
  static Arrival begin(
      ClientSession session,
      SessionImage image,
      BiFunction<ByteString, Integer, ByteBuffer> modules) {
    Arrival arrival = new Arrival(session, image);
    try {
      arrival.make(modules);
    } catch (RuntimeException refused) {
      Unmovable why = arrival.unmovable(refused);
      arrival.drop(why.why());
      throw why;
    }
    return arrival;
  }

  private void make(BiFunction<ByteString, Integer, ByteBuffer> modules) {
    SessionServices services = session.services();
    List<DeviceDescription> chosen = Likeness.choose(session, image);
    for (int i = 0; i < chosen.size(); i++) {
      Driver driver = services.driver();
      SessionImage.Device state = image.getDevices(i);
      DomainImage before = DomainStates.read(state.getDomain(), driver.nanos(), modules);
      SessionDevice opened =
          DeviceOpening.receive(session, session.part().firstDevice() + i, chosen.get(i), before);
      devices.add(opened);
      ranges.add(Cargo.ranges(state));
      if (opened.domain().granuleBytes() != state.getGranuleBytes()) {
        throw new Unmovable("the device has memory of other granules");
      }
      opened.arrive(state, before, services.spills().get(chosen.get(i).ordinal()));
    }
    session.install(devices);
    faults();
    new ArrivedObjects(session, image).make();
    SessionImage.Link link = image.getLink();
    session.flow().restore(link);
    session.frames().continueAfter(link.getLastSequence());
    session.meter().comes(link.getLastSequence(), link.getConsumedBytes(), link.getResumes());
    skipEmpty();
  }

  /** The session's faults stay what they were. */
  private void faults() {
    for (int i = 0; i < devices.size(); i++) {
      SessionImage.Fault fault = image.getDevices(i).getFault();
      int result = fault.getResult();
      if (result != image.getDevices(i).getDomain().getFault()
          || fault.getDetail().length() > DETAIL_CHARS_MAX) {
        throw new IllegalArgumentException("a device can't have such a fault");
      }
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        devices.get(i).faulted(result, fault.getDetail());
        session.faults().deviceFaulted();
      }
    }
    session.errors().restore(image.getFaultTold());
  }

  private Unmovable unmovable(RuntimeException refused) {
    if (refused instanceof Unmovable known) {
      return known;
    }
    if (refused instanceof DriverException of && !of.detail().isEmpty()) {
      return new Unmovable(of.detail());
    }
    log.warn("session {} can't be taken from another server: {}", session.id(), refused.toString());
    return new Unmovable(
        "the other server can't make this session of what it was told: " + refused.getMessage());
  }

  /** Bytes of memory that come in all. */
  public long memoryBytes() {
    return ranges.stream().flatMap(List::stream).mapToLong(SessionImage.Range::getBytes).sum();
  }

  /**
   * Takes the next piece of memory, in the order of the image.
   *
   * @throws Unmovable if another one is next, or the device doesn't take it
   */
  public void write(int onDevice, long address, ByteBuffer content) {
    if (over || isComplete() || onDevice != device) {
      throw new Unmovable("memory came that isn't the session's");
    }
    SessionImage.Range next = ranges.get(device).get(range);
    int bytes = content.remaining();
    if (address != next.getStart() + offset || bytes > next.getBytes() - offset || bytes == 0) {
      throw new Unmovable("memory came in another order");
    }
    try {
      devices.get(device).residency().write(address, content);
    } catch (RuntimeException refused) {
      throw unmovable(refused);
    }
    offset += bytes;
    if (offset == next.getBytes()) {
      offset = 0;
      range++;
      skipEmpty();
    }
  }

  private void skipEmpty() {
    while (!isComplete() && range == ranges.get(device).size()) {
      range = 0;
      device++;
    }
  }

  /** Whether all memory has come. */
  public boolean isComplete() {
    return device == ranges.size();
  }

  /** The session rests from now on until its client comes, or its grace time is over. */
  public Session rest() {
    if (over || !isComplete()) {
      throw new IllegalStateException("the session isn't whole");
    }
    over = true;
    SessionImage.Link link = image.getLink();
    session.listen();
    session
        .serial()
        .execute(
            () -> {
              session
                  .link()
                  .restore(image.getTold(), link, session.services().nanoClock().getAsLong());
              session
                  .relocation()
                  .rest(link.getWaitingList().stream().map(ByteString::toByteArray).toList());
              session.presence().awaitsClient();
            });
    return session;
  }

  /** Nothing is left of the session here; does nothing once it rests. */
  public void drop(String why) {
    if (over) {
      return;
    }
    over = true;
    log.info("session {} is not taken: {}", session.id(), why);
    session.abandon(devices);
  }
}
