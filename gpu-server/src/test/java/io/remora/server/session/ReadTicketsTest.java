// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ReadTicketsTest {
  private static final ReadTickets.Terms TERMS =
      new ReadTickets.Terms("alice", "0123456789abcdef", 4096, 100, 100, 1);

  private static final DirectRead READ =
      new DirectRead() {
        @Override
        public void begin(Sink sink) {}

        @Override
        public void ready() {}

        @Override
        public void gone() {}
      };

  private long nanos;
  private final ReadTickets tickets = new ReadTickets(() -> nanos, new SecureRandom());

  private void expectRefused(byte[] ticket, String tenant, String why) {
    assertThatThrownBy(() -> tickets.redeem(ticket, tenant))
        .isInstanceOfSatisfying(
            RefusedTicket.class, refused -> assertThat(refused.why()).contains(why));
  }

  @Test
  void aTicketIsGoodOnce() throws RefusedTicket {
    byte[] ticket = tickets.issue(TERMS, READ);
    assertThat(tickets.redeem(ticket, "alice")).isSameAs(READ);
    expectRefused(ticket, "alice", "used");
    assertThat(tickets.open()).isZero();
  }

  @Test
  void aTicketIsOfOneTenantAndAnotherOneUsesNothingUp() throws RefusedTicket {
    byte[] ticket = tickets.issue(TERMS, READ);
    expectRefused(ticket, "bob", "another tenant");
    expectRefused(ticket, "", "another tenant");
    assertThat(tickets.redeem(ticket, "alice")).isSameAs(READ);
  }

  @Test
  void aTicketIsGoodForSomeSeconds() throws RefusedTicket {
    byte[] first = tickets.issue(TERMS, READ);
    byte[] second = tickets.issue(TERMS, READ);
    nanos += ReadTickets.LIFE_NANOS;
    assertThat(tickets.redeem(first, "alice")).isSameAs(READ);
    nanos++;
    expectRefused(second, "alice", "time");
    assertThat(tickets.open()).isZero();
  }

  @Test
  void aTicketThatWasTakenBackIsGoodForNothing() {
    byte[] ticket = tickets.issue(TERMS, READ);
    tickets.revoke(ticket);
    expectRefused(ticket, "alice", "taken back");
  }

  @Test
  void noOtherServersTicketIsGoodHere() {
    ReadTickets other = new ReadTickets(() -> nanos, new SecureRandom());
    expectRefused(other.issue(TERMS, READ), "alice", "none of this server's");
  }

  @Test
  void everyBitOfATicketMatters() throws RefusedTicket {
    byte[] ticket = tickets.issue(TERMS, READ);
    assertThat(ticket).hasSize(ReadTickets.TICKET_BYTES);
    for (int bit = 0; bit < 8 * ticket.length; bit++) {
      byte[] forged = ticket.clone();
      forged[bit / 8] ^= (byte) (1 << bit % 8);
      expectRefused(forged, "alice", "");
    }
    assertThat(tickets.redeem(ticket, "alice")).isSameAs(READ);
  }

  @Test
  void anythingElseIsRefused() throws RefusedTicket {
    long seed = Long.getLong("seed", new SecureRandom().nextLong());
    SplittableRandom random = new SplittableRandom(seed);
    byte[] good = tickets.issue(TERMS, READ);
    for (int i = 0; i < 10_000; i++) {
      byte[] noise = new byte[random.nextInt(2 * ReadTickets.TICKET_BYTES)];
      random.nextBytes(noise);
      int kept = random.nextInt(good.length);
      if (random.nextBoolean()) {
        System.arraycopy(good, 0, noise, 0, Math.min(kept, noise.length));
      }
      assertThatThrownBy(() -> tickets.redeem(noise, "alice"))
          .as("seed %d", seed)
          .isInstanceOf(RefusedTicket.class);
    }
    assertThat(tickets.redeem(good, "alice")).isSameAs(READ);
  }
}
