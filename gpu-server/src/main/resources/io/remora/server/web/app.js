// SPDX-License-Identifier: Apache-2.0
"use strict";

/*
 * Asks the server every second what it does, and shows it. All texts from the server are put in as
 * text, never as markup.
 */
(() => {
  const HISTORY_MILLIS = 300_000;
  const SHARE_SECONDS = 10;
  const COLOURS = 8;

  const $ = (id) => document.getElementById(id);
  let token = sessionStorage.getItem("remora-token") || "";
  let range = 60;
  let rangeChosen = false;
  let seconds = [];
  let state = null;
  let tenantNames = [];
  const cursors = new Map();
  const canvases = new Map();

  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  }

  // ---- figures ----

  function bytes(value) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return digits(value) + " " + units[unit];
  }

  function digits(value) {
    if (Number.isInteger(value)) return value.toLocaleString("en");
    return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
  }

  function time(nanos) {
    if (!nanos) return "–";
    const micros = nanos / 1e3;
    if (micros < 1000) return digits(micros) + " µs";
    return micros < 1e6 ? digits(micros / 1e3) + " ms" : digits(micros / 1e6) + " s";
  }

  function rate(value) {
    return value !== 0 && value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
  }

  function percent(part) {
    return (part * 100).toFixed(1) + " %";
  }

  function age(millis) {
    const s = Math.max(0, Math.floor(millis / 1000));
    if (s < 60) return s + " s";
    if (s < 3600) return Math.floor(s / 60) + " min";
    if (s < 86400) return Math.floor(s / 3600) + " h " + (Math.floor(s / 60) % 60) + " min";
    return Math.floor(s / 86400) + " d " + (Math.floor(s / 3600) % 24) + " h";
  }

  function clock(millis) {
    return new Date(millis).toLocaleTimeString("en-GB");
  }

  // ---- colours ----

  function colour(tenant) {
    const style = getComputedStyle(document.documentElement);
    if (tenant === "") return style.getPropertyValue("--soft").trim();
    const index = tenantNames.indexOf(tenant);
    return style.getPropertyValue("--t" + (Math.max(0, index) % COLOURS)).trim();
  }

  function dot(tenant) {
    const element = make("span", "dot");
    element.style.background = colour(tenant);
    return element;
  }

  // ---- what is on the page ----

  function showTotals() {
    const sum = (get) => state.tenants.reduce((all, tenant) => all + get(tenant.traffic), 0);
    const figures = [
      [state.sessions.length, state.sessions.length === 1 ? "session" : "sessions"],
      [rate(sum((t) => t.callsPerSecond)), "calls/s"],
      [rate(sum((t) => t.waitsPerSecond)), "waits/s"],
      [bytes(sum((t) => t.bytesUpPerSecond)) + "/s", "up"],
      [bytes(sum((t) => t.bytesDownPerSecond)) + "/s", "down"],
    ];
    if (state.complete) figures.push([state.refusedSessions, "refused since start"]);
    $("totals").replaceChildren(
      ...figures.map(([value, name]) =>
        make("div", "card total", make("b", "", String(value)), make("span", "", name)),
      ),
    );
  }

  /* What the hardware says of itself; figures that it doesn't have are not there. */
  function hardware(figures) {
    const shown = [];
    const watts = (milliwatts) => Math.round(milliwatts / 1000) + " W";
    if (figures.temperatureCelsius !== undefined) shown.push([figures.temperatureCelsius + " °C", ""]);
    if (figures.powerMilliwatts !== undefined) {
      const limit = figures.enforcedPowerLimitMilliwatts;
      shown.push([watts(figures.powerMilliwatts), limit === undefined ? "" : "of " + watts(limit)]);
    }
    if (figures.smClockMegahertz !== undefined) shown.push([figures.smClockMegahertz + " MHz", "SM clock"]);
    return shown;
  }

  function recentShares(device) {
    const shares = new Map();
    let all = 0;
    for (const second of seconds.slice(-SHARE_SECONDS)) {
      for (const slice of second.slices) {
        if (slice.device !== device) continue;
        const share = shares.get(slice.tenant) || { run: 0, asked: 0, count: 0 };
        share.run += slice.busy * second.spanMillis;
        share.asked += slice.shareAsked;
        share.count++;
        shares.set(slice.tenant, share);
        all += slice.busy * second.spanMillis;
      }
    }
    return [...shares].sort().map(([tenant, share]) => ({
      tenant,
      got: all === 0 ? 0 : share.run / all,
      asked: share.asked / share.count,
    }));
  }

  function deviceCard(device) {
    const head = make("div", "device-head");
    const canvas = make("canvas");
    canvas.setAttribute("role", "img");
    const plot = make("div", "plot", canvas);
    const caption = make("div", "caption", make("span", "from"), make("span", "", "now"));
    const shares = make("div", "shares");
    const card = make("article", "card device", head, plot, caption, shares);
    const move = (event) => {
      const box = canvas.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      cursors.set(device.ordinal, (1 - part) * range * 1000);
      drawTimelines();
      showTip(device.ordinal, event);
    };
    const leave = () => {
      cursors.delete(device.ordinal);
      $("tip").hidden = true;
      drawTimelines();
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerdown", move);
    canvas.addEventListener("pointerleave", leave);
    canvases.set(device.ordinal, { canvas, head, shares, caption });
    return card;
  }

  function showDevices() {
    const known = [...canvases.keys()].join();
    if (known !== state.devices.map((device) => device.ordinal).join()) {
      canvases.clear();
      const cards = state.devices.map(deviceCard);
      $("devices").replaceChildren(
        make("h2", "", state.devices.length === 1 ? "Device" : "Devices"),
        ...cards,
      );
    }
    for (const device of state.devices) {
      const parts = canvases.get(device.ordinal);
      const figure = (value, name) => make("span", "", make("b", "", value), " " + name);
      parts.head.replaceChildren(
        make("h3", "", device.ordinal + " · " + device.name),
        make("span", "pill " + device.mode.toLowerCase(), device.mode.toLowerCase()),
        make(
          "div",
          "figures",
          figure(percent(device.busy), "busy"),
          figure(bytes(device.memoryUsedBytes), "of " + bytes(device.memoryBytes)),
          figure(rate(device.worksPerSecond), "works/s"),
          figure(device.pending.toLocaleString("en"), "queued"),
          ...hardware(device.figures || {}).map(([value, name]) => figure(value, name)),
        ),
      );
      parts.shares.replaceChildren(...recentShares(device.ordinal).map(shareRow));
      parts.shares.hidden = parts.shares.childElementCount === 0;
      parts.caption.firstChild.textContent =
        (range === 60 ? "a minute" : "five minutes") + " ago: device time, and by tenant what ran";
      parts.canvas.setAttribute("aria-label", "Who used device " + device.ordinal + " and when");
    }
    drawTimelines();
  }

  function shareRow({ tenant, got, asked }) {
    const filled = make("div", "got");
    filled.style.width = percent(Math.min(1, got)).replace(" ", "");
    filled.style.background = colour(tenant);
    const mark = make("div", "asked");
    mark.style.left = percent(Math.min(1, asked)).replace(" ", "");
    const text = make("span", "text", "got ", make("b", "", percent(got)), " · asked " + percent(asked));
    return make(
      "div",
      "share",
      make("div", "share-name", dot(tenant), tenant || "others", text),
      make("div", "track", filled, mark),
    );
  }

  function drawTimelines() {
    const now = seconds.length ? seconds[seconds.length - 1].unixMillis : Date.now();
    const shown = seconds.filter((second) => second.unixMillis > now - (range + 1) * 1000);
    for (const [device, { canvas }] of canvases) {
      const cursor = cursors.has(device) ? now - cursors.get(device) : null;
      Timeline.draw(canvas, { seconds: shown, device, colour, now, range, cursor });
    }
  }

  function showTip(device, event) {
    const now = seconds.length ? seconds[seconds.length - 1].unixMillis : Date.now();
    const at = now - cursors.get(device);
    const second = seconds.find(
      (each) => at > each.unixMillis - each.spanMillis && at <= each.unixMillis,
    );
    const tip = $("tip");
    const lines = [make("b", "", second ? clock(second.unixMillis) : "not recorded")];
    const slices = second ? second.slices.filter((slice) => slice.device === device) : [];
    for (const slice of slices) {
      const figures =
        percent(slice.shareGot) + " got, " + percent(slice.shareAsked) + " asked";
      lines.push(
        make("div", "row", dot(slice.tenant), make("span", "", slice.tenant || "others"), make("span", "", figures)),
      );
      for (const kernel of slice.kernels) {
        lines.push(make("div", "kernel", kernel.name + "  " + percent(kernel.busy)));
      }
    }
    if (second && slices.length === 0) lines.push(make("div", "kernel", "nothing ran"));
    tip.replaceChildren(...lines);
    tip.hidden = false;
    const left = Math.min(
      Math.max(8, event.pageX + 14),
      document.documentElement.clientWidth - tip.offsetWidth - 8,
    );
    tip.style.left = left + "px";
    tip.style.top = event.pageY + 16 + "px";
  }

  // ---- tables ----

  function fill(table, columns, rows, none) {
    const head = make("tr");
    for (const [name, kind] of columns) {
      head.append(make("th", kind.includes("text") ? "text" : "", name));
    }
    const body = rows.map((cells) => {
      const row = make("tr");
      cells.forEach((cell, i) => {
        const content = Array.isArray(cell.of) ? cell.of : [cell.of];
        const kinds = columns[i][1] + " " + (cell.kind || "");
        const made = make("td", (kinds + (cell.of === "" ? " empty" : "")).trim(), ...content);
        made.dataset.name = columns[i][2] || columns[i][0];
        row.append(made);
      });
      return row;
    });
    if (body.length === 0) {
      const cell = make("td", "none", none);
      cell.colSpan = columns.length;
      body.push(make("tr", "", cell));
    }
    table.replaceChildren(make("thead", "", head), make("tbody", "", ...body));
  }

  function meter(part) {
    const inner = make("i");
    inner.style.width = Math.min(100, part * 100) + "%";
    return make("span", "meter", inner);
  }

  function showTenants() {
    const columns = [
      ["Tenant", "text head"],
      ["Weight", ""],
      ["Class", "text"],
      ["Sessions", ""],
      ["Busy", ""],
      ["Waits p50", "", "Wait p50"],
      ["p99", "", "Wait p99"],
      ["Runs p50", "", "Run p50"],
      ["p99", "", "Run p99"],
      ["Memory", "wide"],
      ["Calls/s", ""],
      ["Waits/s", ""],
      ["Up/s", ""],
      ["Down/s", ""],
      ["Failed", ""],
    ];
    const rows = state.tenants.map((tenant) => {
      const most = (get) => tenant.devices.reduce((max, device) => Math.max(max, get(device)), 0);
      const busy = tenant.devices.reduce((sum, device) => sum + device.busy, 0);
      const quota = tenant.memoryQuotaBytes;
      return [
        { of: [dot(tenant.name), tenant.name] },
        { of: tenant.weight ? String(tenant.weight) : "–" },
        { of: tenant.tenantClass },
        { of: [make("span", "", String(tenant.sessions), make("small", "", " / " + tenant.sessionsMax))] },
        { of: percent(busy) },
        { of: time(most((d) => d.queueP50Nanos)) },
        { of: time(most((d) => d.queueP99Nanos)) },
        { of: time(most((d) => d.runP50Nanos)) },
        { of: time(most((d) => d.runP99Nanos)) },
        {
          of: [
            make("span", "", bytes(tenant.memoryUsedBytes), make("small", "", " / " + bytes(quota)),
              meter(quota ? tenant.memoryUsedBytes / quota : 0)),
          ],
        },
        { of: rate(tenant.traffic.callsPerSecond) },
        { of: rate(tenant.traffic.waitsPerSecond) },
        { of: bytes(tenant.traffic.bytesUpPerSecond) },
        { of: bytes(tenant.traffic.bytesDownPerSecond) },
        { of: String(tenant.failures), kind: tenant.faults ? "bad" : tenant.failures ? "warn" : "" },
      ];
    });
    fill($("tenants"), columns, rows, "There are no tenants.");
  }

  function showSessions() {
    const columns = [
      ["Session", "text id head"],
      ["Tenant", "text"],
      ["Program", "text"],
      ["Process", ""],
      ["From", "text wide"],
      ["Age", ""],
      ["Busy", ""],
      ["Queued", ""],
      ["Memory", ""],
      ["Calls/s", ""],
      ["Waits/s", ""],
      ["Last failure", "text wide"],
    ];
    const rows = state.sessions.map((session) => {
      const sum = (get) => session.devices.reduce((all, device) => all + get(device), 0);
      const failure = session.lastFailure;
      return [
        { of: session.id },
        { of: [make("span", "", dot(session.tenant), session.tenant)] },
        { of: session.program.split("/").pop() },
        { of: String(session.processId) },
        { of: session.peer },
        { of: age(state.unixMillis - session.openedUnixMillis) },
        { of: percent(sum((d) => d.busy)) },
        { of: sum((d) => d.pending).toLocaleString("en") },
        { of: bytes(session.memoryBytes) },
        { of: rate(session.traffic.callsPerSecond) },
        { of: rate(session.traffic.waitsPerSecond) },
        {
          of: failure ? failure.resultName.replace("CUDA_ERROR_", "") : "",
          kind: failure && failure.fault ? "bad" : "warn",
        },
      ];
    });
    fill($("sessions"), columns, rows, "Nobody is here.");
  }

  function showFailures() {
    const all = new Map();
    for (const place of [...state.sessions, ...state.tenants]) {
      const failure = place.lastFailure;
      if (failure) all.set(failure.session + failure.unixMillis, failure);
    }
    const sorted = [...all.values()].sort((a, b) => b.unixMillis - a.unixMillis).slice(0, 8);
    $("failures-section").hidden = sorted.length === 0;
    $("failures").replaceChildren(
      ...sorted.map((failure) =>
        make(
          "li",
          failure.fault ? "fault" : "",
          make("div", "what", failure.what + ": " + failure.resultName),
          make("div", "cause", failure.cause || "no details"),
          make("div", "cause", clock(failure.unixMillis) + " · tenant " + failure.tenant + " · session " + failure.session),
        ),
      ),
    );
  }

  function show() {
    tenantNames = [
      ...new Set([
        ...state.tenants.map((tenant) => tenant.name),
        ...seconds.flatMap((second) => second.slices.map((slice) => slice.tenant)),
      ]),
    ].filter((name) => name !== "").sort();
    const who = state.complete ? "" : " · seen as " + state.caller;
    $("about").textContent =
      "version " + state.serverVersion + " · up " + age(state.uptimeSeconds * 1000) + who;
    document.title = "Remora · " + state.sessions.length + " sessions";
    $("main").hidden = false;
    $("login").hidden = true;
    showTotals();
    showDevices();
    showTenants();
    showSessions();
    showFailures();
  }

  // ---- asking ----

  async function ask(path) {
    const headers = token ? { Authorization: "Bearer " + token } : {};
    const answer = await fetch(path, { headers, cache: "no-store" });
    if (answer.status === 401) {
      const refusal = new Error(await answer.text());
      refusal.unknown = true;
      throw refusal;
    }
    if (!answer.ok) throw new Error("the server answered " + answer.status);
    return answer.json();
  }

  function pulse(text, kind) {
    $("pulse").textContent = text;
    $("pulse").className = "pulse " + kind;
  }

  function logIn(refusal) {
    $("main").hidden = true;
    $("login").hidden = false;
    $("refusal").textContent = token ? refusal : "";
    pulse("locked", "");
  }

  async function look() {
    try {
      state = await ask("api/state");
      const since = seconds.length ? seconds[seconds.length - 1].unixMillis : 0;
      const more = await ask("api/history?since=" + since);
      seconds.push(...more.seconds);
      const first = state.unixMillis - HISTORY_MILLIS;
      seconds = seconds.filter((second) => second.unixMillis >= first);
      pulse("live", "live");
      // A wide page shows all there is, once that is more than a minute.
      const span = seconds.length ? state.unixMillis - seconds[0].unixMillis : 0;
      if (!rangeChosen && window.innerWidth >= 720 && span > 100_000) setRange(300);
      show();
    } catch (trouble) {
      if (trouble.unknown) {
        logIn(trouble.message);
        return;
      }
      pulse("no answer, trying again", "lost");
    }
    setTimeout(look, document.hidden ? 5000 : 1000);
  }

  // ---- controls ----

  function setRange(chosen) {
    range = chosen;
    for (const button of document.querySelectorAll("[data-range]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.range) === range));
    }
    if (state) showDevices();
  }

  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    if (state) show();
  }

  for (const button of document.querySelectorAll("[data-range]")) {
    button.addEventListener("click", () => {
      rangeChosen = true;
      setRange(Number(button.dataset.range));
    });
  }
  $("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("remora-theme", theme);
    setTheme(theme);
  });
  $("login").addEventListener("submit", (event) => {
    event.preventDefault();
    token = $("token").value.trim();
    sessionStorage.setItem("remora-token", token);
    look();
  });
  window.addEventListener("resize", drawTimelines);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => {
    if (!localStorage.getItem("remora-theme")) setTheme(dark.matches ? "dark" : "light");
  });
  setTheme(localStorage.getItem("remora-theme") || (dark.matches ? "dark" : "light"));
  setRange(range);
  look();
})();
