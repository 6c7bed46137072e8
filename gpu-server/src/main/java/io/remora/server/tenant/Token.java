// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * A bearer token: {@code rmr_<id>_<secret><checksum>}, all in lower-case hexadecimal. The prefix
 * lets scanners find leaked ones; the id (64 bits, not secret) finds the tenant; the secret has 256
 * random bits; the checksum (CRC-32 of what stands before it) tells a damaged token from a wrong
 * one. Never logged: its text is only given out by {@link #text}.
 */
public final class Token {
  private static final int ID_BYTES = 8;
  private static final int SECRET_BYTES = 32;
  private static final Pattern FORM =
      Pattern.compile("(rmr_([0-9a-f]{16})_[0-9a-f]{64})([0-9a-f]{8})");

  private final String id;
  private final String text;

  private Token(String id, String text) {
    this.id = id;
    this.text = text;
  }

  /** Makes a new one. */
  public static Token generate(SecureRandom random) {
    String id = randomHex(random, ID_BYTES);
    String body = "rmr_" + id + "_" + randomHex(random, SECRET_BYTES);
    return new Token(id, body + checksum(body));
  }

  /** Reads one; empty if the text isn't a complete, undamaged token. */
  public static Optional<Token> parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches() || !checksum(matcher.group(1)).equals(matcher.group(3))) {
      return Optional.empty();
    }
    return Optional.of(new Token(matcher.group(2), text));
  }

  /** Finds the token's entry; may be shown. */
  public String id() {
    return id;
  }

  /** The secret text, to be given to its owner once. */
  public String text() {
    return text;
  }

  /** What is stored of it: SHA-256 of the text, in hexadecimal. */
  public String sha256() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The id only, so that a token in a message gives nothing away. */
  @Override
  public String toString() {
    return "rmr_" + id + "_...";
  }

  private static String randomHex(SecureRandom random, int bytes) {
    byte[] value = new byte[bytes];
    random.nextBytes(value);
    return HexFormat.of().formatHex(value);
  }

  private static String checksum(String body) {
    CRC32 crc = new CRC32();
    crc.update(body.getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }
}
