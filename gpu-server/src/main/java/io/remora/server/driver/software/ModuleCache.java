// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxModule;
import io.remora.ptx.PtxText;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.image.PtxRefusal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Compiled modules by the SHA-256 of their text, so that the same PTX is compiled once however many
 * sessions load it, also when they do so at the same moment. The least recently used go when there
 * are too many; modules in use live on with their instances.
 */
final class ModuleCache {
  private static final int MODULES_MAX = 256;

  /** A module's bytecode is about as large as its text. */
  private static final long TEXT_BYTES_MAX = 256L << 20;

  private record Entry(CompletableFuture<PtxModule> module, long textBytes) {}

  private final CompileOptions options;
  private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long textBytes;

  ModuleCache(CompileOptions options) {
    this.options = options;
  }

  /** The compiled module; waits while another thread compiles it. */
  PtxModule get(List<PtxText> texts) {
    String hash = hash(texts);
    var mine = new CompletableFuture<PtxModule>();
    CompletableFuture<PtxModule> module;
    synchronized (this) {
      Entry entry = entries.get(hash);
      module = entry == null ? mine : entry.module;
      if (entry == null) {
        long bytes = texts.stream().mapToLong(text -> text.text().length()).sum();
        entries.put(hash, new Entry(mine, bytes));
        textBytes += bytes;
        evict(hash);
      }
    }
    if (module == mine) {
      compile(texts, hash, mine);
    }
    try {
      return module.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof DriverException refused ? refused : e;
    }
  }

  private void compile(List<PtxText> texts, String hash, CompletableFuture<PtxModule> result) {
    try {
      result.complete(PtxModule.link(texts, options));
    } catch (PtxException e) {
      forget(hash);
      result.completeExceptionally(PtxRefusal.of(e));
    } catch (RuntimeException | Error e) {
      forget(hash);
      result.completeExceptionally(e);
    }
  }

  private synchronized void forget(String hash) {
    Entry entry = entries.remove(hash);
    if (entry != null) {
      textBytes -= entry.textBytes;
    }
  }

  private void evict(String newest) {
    Iterator<Map.Entry<String, Entry>> oldest = entries.entrySet().iterator();
    while ((entries.size() > MODULES_MAX || textBytes > TEXT_BYTES_MAX) && oldest.hasNext()) {
      Map.Entry<String, Entry> each = oldest.next();
      if (!each.getKey().equals(newest)) {
        textBytes -= each.getValue().textBytes;
        oldest.remove();
      }
    }
  }

  /** Names only appear in messages, and what can't be compiled isn't kept. */
  private static String hash(List<PtxText> texts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (PtxText text : texts) {
        byte[] bytes = text.text().getBytes(StandardCharsets.ISO_8859_1);
        // The length first, so that two texts can't pass for one.
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        digest.update(bytes);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
