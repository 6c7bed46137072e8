// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.remora.server.session.Arrival;
import io.remora.server.session.Session;
import io.remora.server.session.Sessions;
import io.remora.server.session.Unmovable;
import io.remora.server.tenant.Admission.Admitted;
import io.remora.server.tenant.Refused;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.v1.SessionImage;
import io.remora.v1.TakeAnswer;
import io.remora.v1.TakeBegin;
import io.remora.v1.TakeEnd;
import io.remora.v1.TakeMemory;
import io.remora.v1.TakeNeeded;
import io.remora.v1.TakePart;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One session on its way from another member to this one. Until it is ready nothing of it is left
 * if anything fails; from then on it is a session that waits for its client, who is told of this
 * server only once the other one has given the session up. On workers, one part at a time.
 */
final class Taking {
  private static final Logger log = LoggerFactory.getLogger(Taking.class);

  /** More than any session's image; what memory and modules have travels beside it. */
  private static final int IMAGE_BYTES_MAX = 256 << 20;

  private static final int MODULE_BYTES_MAX = 256 << 20;

  /** All modules of a session together, while it is on its way. */
  private static final long MODULES_BYTES_MAX = 1L << 30;

  /** Where a session is taken to. */
  record Place(
      Sessions sessions,
      TenantRegistry tenants,
      OpenStreams streams,
      Reception reception,
      MovedSessions moved,
      PoolOffice office) {}

  private enum State {
    BEGIN,
    IMAGE,
    MODULES,
    MEMORY,
    READY,
    OVER
  }

  private final Place place;
  private final ServerCallStreamObserver<TakeAnswer> call;
  private final SessionStream stream;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** Modules that were asked for and haven't come, by hash with their sizes, in order. */
  private final Deque<Map.Entry<ByteString, Integer>> missing = new ArrayDeque<>();

  private final Map<ByteString, ByteBuffer> modules = new HashMap<>();
  private final CRC32C checksum = new CRC32C();
  private long received;
  private State state = State.BEGIN;
  private String placement = "";
  private int imageBytes;
  private SessionImage image = SessionImage.getDefaultInstance();
  private @Nullable Arrival arrival;
  private @Nullable Session session;

  Taking(Place place, ServerCallStreamObserver<TakeAnswer> call) {
    this.place = place;
    this.call = call;
    this.stream = new SessionStream(null, place.sessions(), place.reception());
  }

  /** The next part has come. */
  void part(TakePart part) {
    if (state == State.OVER) {
      return;
    }
    try {
      switch (part.getPartCase()) {
        case BEGIN -> begin(part.getBegin());
        case IMAGE -> image(part.getImage());
        case MODULE -> module(part.getModule());
        case MEMORY -> memory(part.getMemory());
        case END -> end(part.getEnd());
        case SETTLE -> settle(part.getSettle().getGoOn());
        case PART_NOT_SET -> throw new Unmovable("a part came that this server doesn't know");
      }
      if (state != State.OVER) {
        call.request(1);
      }
    } catch (Unmovable refused) {
      fail(Status.FAILED_PRECONDITION.withDescription(refused.why()));
    } catch (RuntimeException | Error defect) {
      log.error("A session could not be taken by a defect", defect);
      fail(Status.INTERNAL.withDescription("a defect in the server, see its log"));
    }
  }

  private void require(State expected) {
    if (state != expected) {
      throw new Unmovable("parts came in another order");
    }
  }

  private void begin(TakeBegin begin) {
    require(State.BEGIN);
    if (!begin.getPool().equals(place.office().pool().name())) {
      throw new Unmovable("it belongs to another pool");
    }
    imageBytes = begin.getImageBytes();
    placement = begin.getPlacement();
    if (imageBytes <= 0 || imageBytes > IMAGE_BYTES_MAX) {
      throw new Unmovable("the session has too many objects: " + imageBytes + " bytes of them");
    }
    state = State.IMAGE;
  }

  private void image(ByteString piece) {
    require(State.IMAGE);
    if (piece.size() > imageBytes - bytes.size()) {
      throw new Unmovable("more of the session came than was said");
    }
    bytes.writeBytes(piece.toByteArray());
    if (bytes.size() < imageBytes) {
      return;
    }
    try {
      image = SessionImage.parseFrom(bytes.toByteArray());
    } catch (InvalidProtocolBufferException e) {
      throw new Unmovable("what was said of the session can't be read: " + e.getMessage());
    }
    bytes.reset();
    askForModules();
  }

  private void askForModules() {
    Map<ByteString, Integer> all = new LinkedHashMap<>();
    long sum = 0;
    for (SessionImage.Device device : image.getDevicesList()) {
      for (SessionImage.Domain.Module each : device.getDomain().getModulesList()) {
        all.put(each.getSha256(), each.getImageBytes());
      }
    }
    TakeNeeded.Builder needed = TakeNeeded.newBuilder();
    for (Map.Entry<ByteString, Integer> each : all.entrySet()) {
      ByteBuffer known = place.sessions().module(each.getKey()).orElse(null);
      if (known != null) {
        modules.put(each.getKey(), known);
        continue;
      }
      sum += each.getValue();
      if (each.getValue() <= 0 || each.getValue() > MODULE_BYTES_MAX || sum > MODULES_BYTES_MAX) {
        throw new Unmovable("the session's modules are too large");
      }
      missing.add(each);
      needed.addSha256(each.getKey());
    }
    state = State.MODULES;
    call.onNext(TakeAnswer.newBuilder().setNeeded(needed).build());
    makeIfComplete();
  }

  private void module(ByteString piece) {
    require(State.MODULES);
    Map.Entry<ByteString, Integer> next = missing.getFirst();
    if (piece.size() > next.getValue() - bytes.size()) {
      throw new Unmovable("more of a module came than was said");
    }
    bytes.writeBytes(piece.toByteArray());
    if (bytes.size() < next.getValue()) {
      return;
    }
    byte[] whole = bytes.toByteArray();
    bytes.reset();
    if (!sha256(whole).equals(next.getKey())) {
      throw new Unmovable("a module came that isn't the one of its hash");
    }
    modules.put(next.getKey(), ByteBuffer.wrap(whole).asReadOnlyBuffer());
    missing.removeFirst();
    makeIfComplete();
  }

  private static ByteString sha256(byte[] whole) {
    try {
      return ByteString.copyFrom(MessageDigest.getInstance("SHA-256").digest(whole));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private void makeIfComplete() {
    if (!missing.isEmpty()) {
      return;
    }
    if (place.streams().find(image.getId()) != null) {
      throw new Unmovable("a session with this id is there");
    }
    TenantGrant grant = admit();
    arrival = place.sessions().arrive(grant, image, this::found);
    state = State.MEMORY;
  }

  private ByteBuffer found(ByteString sha256, int moduleBytes) {
    ByteBuffer module = modules.get(sha256);
    if (module == null || module.remaining() != moduleBytes) {
      throw new IllegalArgumentException("a module isn't there");
    }
    return module.duplicate();
  }

  /** What the session may use here: what its tenant may, and what was promised. */
  private TenantGrant admit() {
    TenantRegistry.Moved moved = place.tenants().admitMoved(image.getTenant(), stream::tenantEnded);
    if (moved.admission() instanceof Refused refused) {
      throw new Unmovable(refused.message());
    }
    TenantGrant[] let = new TenantGrant[1];
    String[] why = {""};
    place
        .office()
        .desk()
        .enter(
            stream,
            placement,
            ((Admitted) moved.admission()).grant(),
            grant -> let[0] = grant,
            status -> why[0] = String.valueOf(status.getDescription()));
    if (let[0] == null) {
      throw new Unmovable(why[0]);
    }
    place.streams().add(stream);
    return stream.comes(let[0], moved.tokenShown(), () -> place.streams().remove(stream));
  }

  private Arrival arriving() {
    require(State.MEMORY);
    Arrival coming = arrival;
    if (coming == null) {
      throw new IllegalStateException("nothing arrives");
    }
    return coming;
  }

  private void memory(TakeMemory piece) {
    ByteBuffer content = piece.getContent().asReadOnlyByteBuffer();
    checksum.update(content.duplicate());
    received += content.remaining();
    arriving().write(piece.getDevice(), piece.getAddress(), content);
  }

  private void end(TakeEnd end) {
    Arrival coming = arriving();
    if (!coming.isComplete()
        || end.getBytes() != received
        || end.getCrc32C() != (int) checksum.getValue()) {
      throw new Unmovable("not all of the session's memory came as it was");
    }
    Session made = coming.rest();
    session = made;
    state = State.READY;
    place.moved().isHere(image.getId());
    stream.arrived(made, place.reception().arrived(made, image));
    log.info(
        "session {} of tenant {} is here with {} bytes of memory, and waits for its client",
        image.getId(),
        image.getTenant(),
        received);
    call.onNext(TakeAnswer.newBuilder().setReady(true).build());
  }

  private void settle(boolean goesOn) {
    require(State.READY);
    state = State.OVER;
    if (!goesOn) {
      giveUp("the other member keeps it");
    }
    call.onNext(TakeAnswer.newBuilder().setSettled(true).build());
    call.onCompleted();
  }

  private void giveUp(String why) {
    Session made = session;
    if (made != null) {
      stream.leaves("the member that it comes from");
      made.onEnd(why);
    }
  }

  private void fail(Status why) {
    drop(String.valueOf(why.getDescription()));
    call.onError(why.asException());
  }

  private void drop(String why) {
    Arrival coming = arrival;
    if (state != State.READY && coming != null) {
      coming.drop(why);
    } else if (state == State.READY) {
      giveUp(why);
    }
    state = State.OVER;
  }

  /** The other member has closed the call in order, without settling: it has nothing to move. */
  void callerDone() {
    if (state != State.OVER) {
      drop("the other member has ended the move");
      call.onCompleted();
    }
  }

  /**
   * The other member is gone. A session that is ready stays: its client may have been told. Nobody
   * else can have it then, and if nobody comes its grace time ends it.
   */
  void callerGone() {
    if (state != State.READY) {
      drop("the other member is gone");
    }
    state = State.OVER;
  }
}
