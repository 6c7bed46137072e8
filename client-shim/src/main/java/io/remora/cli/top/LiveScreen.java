// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.top;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp.Capability;
import org.jline.utils.NonBlockingReader;

/**
 * The whole screen of a terminal, for as long as it is open: what was there before comes back when
 * it is closed. Only what has changed is written.
 */
public final class LiveScreen implements AutoCloseable {
  /** What {@link #key} answers when none was pressed. */
  public static final int NO_KEY = NonBlockingReader.READ_EXPIRED;

  /** What {@link #key} answers when the terminal is gone. */
  public static final int GONE = -1;

  /** What {@link #key} answers when the terminal has another size. */
  public static final int RESIZED = -100;

  private final Terminal terminal;
  private final Attributes before;
  private final Display display;
  private volatile boolean resized;

  /** Takes the screen. */
  public LiveScreen(Terminal terminal) {
    this.terminal = terminal;
    before = terminal.enterRawMode();
    terminal.puts(Capability.enter_ca_mode);
    terminal.puts(Capability.cursor_invisible);
    display = new Display(terminal, true);
    var unused = terminal.handle(Signal.WINCH, signal -> resized = true);
  }

  /** How many characters fit in a line. */
  public int width() {
    return Math.max(1, terminal.getWidth());
  }

  /** How many lines fit. */
  public int height() {
    return Math.max(1, terminal.getHeight());
  }

  /**
   * Shows lines; those that don't fit are counted in the last one.
   *
   * @param footer the last line
   */
  public void show(List<String> lines, String footer) {
    int rows = height();
    int columns = width();
    display.resize(new Size(columns, rows));
    int room = rows - 1;
    List<String> fitting = lines.size() <= room ? lines : lines.subList(0, Math.max(0, room - 1));
    List<AttributedString> shown = new ArrayList<>();
    fitting.forEach(line -> shown.add(AttributedString.fromAnsi(line).substring(0, columns)));
    if (fitting.size() < lines.size() && room > 0) {
      shown.add(
          new AttributedString(
              FittedTable.cut(
                  "… " + (lines.size() - fitting.size()) + " more lines: make the window higher",
                  columns)));
    }
    while (shown.size() < room) {
      shown.add(AttributedString.EMPTY);
    }
    shown.add(AttributedString.fromAnsi(footer).substring(0, columns));
    display.update(shown, 0);
  }

  /**
   * Waits for a key.
   *
   * @return the key, {@link #NO_KEY} after the time, {@link #RESIZED} or {@link #GONE}
   */
  public int key(long millis) throws IOException {
    long step = 100;
    for (long waited = 0; waited < millis; waited += step) {
      int key = terminal.reader().read(Math.min(step, millis - waited));
      if (resized) {
        resized = false;
        display.clear();
        return RESIZED;
      }
      if (key != NonBlockingReader.READ_EXPIRED) {
        return key;
      }
    }
    return NO_KEY;
  }

  @Override
  public void close() {
    terminal.puts(Capability.cursor_visible);
    terminal.puts(Capability.exit_ca_mode);
    terminal.flush();
    terminal.setAttributes(before);
  }
}
