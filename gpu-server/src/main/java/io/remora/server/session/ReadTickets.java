// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The tickets that a server has given out for device memory of its sessions: each is good once, for
 * some seconds, for one tenant and one range. A ticket is opaque to all others: a version, a random
 * id, its end, and a signature over these and over what it is for, by a key that never leaves this
 * process. Any thread may call. Bounded by what sessions may offer at once: they take back what
 * nobody uses.
 */
public final class ReadTickets {
  /** Between two servers of a pool lie the client's answer and its next call. */
  static final long LIFE_NANOS = 5_000_000_000L;

  private static final byte VERSION = 1;
  private static final int ID_BYTES = 16;
  private static final int SIGNED_BYTES = 1 + ID_BYTES + Long.BYTES;
  private static final String ALGORITHM = "HmacSHA256";
  private static final int KEY_BYTES = 32;

  /** The length of every ticket in bytes. */
  static final int TICKET_BYTES = SIGNED_BYTES + 32;

  private final LongSupplier nanoClock;
  private final SecureRandom random;
  private final SecretKeySpec key;
  private final Map<String, Issued> issued = new ConcurrentHashMap<>();

  /**
   * What a ticket is for.
   *
   * @param tenant who may use it
   * @param session whose memory it is
   * @param address of the first row
   * @param pitch bytes from one row to the next
   * @param widthBytes of each row
   * @param height number of rows
   */
  record Terms(
      String tenant, String session, long address, long pitch, long widthBytes, long height) {}

  private record Issued(Terms terms, long endNanos, DirectRead read) {}

  /**
   * @param nanoClock as {@link System#nanoTime}
   */
  ReadTickets(LongSupplier nanoClock, SecureRandom random) {
    this.nanoClock = nanoClock;
    this.random = random;
    byte[] secret = new byte[KEY_BYTES];
    random.nextBytes(secret);
    key = new SecretKeySpec(secret, ALGORITHM);
  }

  /** Gives out a ticket, by which {@code read} can be had once. */
  byte[] issue(Terms terms, DirectRead read) {
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    long end = nanoClock.getAsLong() + LIFE_NANOS;
    byte[] ticket = ByteBuffer.allocate(TICKET_BYTES).put(VERSION).put(id).putLong(end).array();
    byte[] signature = signature(ticket, terms);
    System.arraycopy(signature, 0, ticket, SIGNED_BYTES, signature.length);
    issued.put(id(ticket), new Issued(terms, end, read));
    return ticket;
  }

  /** Takes a ticket back; nothing happens if it was used. */
  void revoke(byte[] ticket) {
    issued.remove(id(ticket));
  }

  /**
   * Uses a ticket up.
   *
   * @param ticket anything that somebody says is one
   * @param tenant whose session it is used for
   * @throws RefusedTicket if it isn't good; one that is somebody else's stays as it was
   */
  public DirectRead redeem(byte[] ticket, String tenant) throws RefusedTicket {
    if (ticket.length != TICKET_BYTES || ticket[0] != VERSION) {
      throw new RefusedTicket("it is none of this server's");
    }
    String id = id(ticket);
    Issued found = issued.get(id);
    if (found == null) {
      throw new RefusedTicket("it was used or taken back, or is none of this server's");
    }
    byte[] shown = Arrays.copyOfRange(ticket, SIGNED_BYTES, TICKET_BYTES);
    if (!MessageDigest.isEqual(shown, signature(ticket, found.terms()))) {
      throw new RefusedTicket("its signature isn't this server's");
    }
    if (!found.terms().tenant().equals(tenant)) {
      throw new RefusedTicket("it is another tenant's");
    }
    if (!issued.remove(id, found)) {
      throw new RefusedTicket("it was used");
    }
    if (nanoClock.getAsLong() - found.endNanos() > 0) {
      throw new RefusedTicket("its time is over");
    }
    return found.read();
  }

  /** How many are open. */
  int open() {
    return issued.size();
  }

  private static String id(byte[] ticket) {
    return HexFormat.of().formatHex(ticket, 1, 1 + ID_BYTES);
  }

  /** Over the ticket's first bytes, and what it is for. */
  private byte[] signature(byte[] ticket, Terms terms) {
    byte[] tenant = terms.tenant().getBytes(StandardCharsets.UTF_8);
    byte[] session = terms.session().getBytes(StandardCharsets.UTF_8);
    ByteBuffer what =
        ByteBuffer.allocate(2 * Integer.BYTES + tenant.length + session.length + 4 * Long.BYTES)
            .putInt(tenant.length)
            .put(tenant)
            .putInt(session.length)
            .put(session)
            .putLong(terms.address())
            .putLong(terms.pitch())
            .putLong(terms.widthBytes())
            .putLong(terms.height());
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(ticket, 0, SIGNED_BYTES);
      return mac.doFinal(what.array());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has " + ALGORITHM, e);
    }
  }
}
