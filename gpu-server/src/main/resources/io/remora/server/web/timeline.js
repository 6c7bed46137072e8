// SPDX-License-Identifier: Apache-2.0
"use strict";

/*
 * Draws who used a device in the last minutes: on top all tenants' device time stacked, below a lane
 * for each tenant with the kernel that took most of its time. Seconds without work are empty.
 */
const Timeline = (() => {
  const STACK = 92;
  const LANE = 24;
  const LANE_GAP = 5;
  const GAP = 12;

  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function lanesOf(seconds, device) {
    const names = new Set();
    for (const second of seconds) {
      for (const slice of second.slices) {
        if (slice.device === device) names.add(slice.tenant);
      }
    }
    return [...names].sort();
  }

  function mainKernel(slice) {
    const kernel = slice.kernels[0];
    return kernel && kernel.busy >= 0.3 * slice.busy ? kernel.name : "copies, fills";
  }

  // Neighbouring seconds with the same kernel are one bar.
  function bars(seconds, device, tenant) {
    const found = [];
    let bar = null;
    for (const second of seconds) {
      const slice = second.slices.find((s) => s.device === device && s.tenant === tenant);
      if (!slice || slice.busy <= 0) {
        bar = null;
        continue;
      }
      const name = tenant === "" ? "" : mainKernel(slice);
      const begin = second.unixMillis - second.spanMillis;
      if (bar && bar.name === name && begin - bar.end < 400) {
        bar.end = second.unixMillis;
        bar.parts.push([begin, second.unixMillis, slice.busy]);
      } else {
        bar = { name, begin, end: second.unixMillis, parts: [[begin, second.unixMillis, slice.busy]] };
        found.push(bar);
      }
    }
    return found;
  }

  function draw(canvas, view) {
    const { seconds, device, colour, now, range, cursor } = view;
    const lanes = lanesOf(seconds, device);
    const width = canvas.clientWidth || canvas.parentElement.clientWidth;
    const height = STACK + (lanes.length ? GAP + lanes.length * (LANE + LANE_GAP) : 0);
    const scale = window.devicePixelRatio || 1;
    canvas.style.height = height + "px";
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const g = canvas.getContext("2d");
    g.scale(scale, scale);
    g.clearRect(0, 0, width, height);
    const x = (millis) => width - ((now - millis) / (range * 1000)) * width;
    drawGrid(g, width, height, x, now, range);
    drawStack(g, width, x, lanes, view);
    lanes.forEach((tenant, row) => {
      const top = STACK + GAP + row * (LANE + LANE_GAP);
      drawLane(g, { width, x, top, colour: colour(tenant) }, bars(seconds, device, tenant));
      g.font = "600 11px system-ui, sans-serif";
      const name = tenant || "others";
      const room = g.measureText(name).width + 12;
      g.globalAlpha = 0.86;
      g.fillStyle = css("--card");
      round(g, 3, top + 4, room, LANE - 8, 5);
      g.globalAlpha = 1;
      g.fillStyle = css("--ink");
      g.textBaseline = "middle";
      g.fillText(name, 9, top + LANE / 2 + 0.5);
    });
    if (cursor !== null) {
      g.fillStyle = css("--ink");
      g.globalAlpha = 0.55;
      g.fillRect(Math.round(x(cursor)), 0, 1, height);
      g.globalAlpha = 1;
    }
  }

  function drawGrid(g, width, height, x, now, range) {
    g.fillStyle = css("--track");
    g.globalAlpha = 0.45;
    round(g, 0, 0, width, STACK, 8);
    g.globalAlpha = 1;
    g.strokeStyle = css("--line");
    g.lineWidth = 1;
    const step = range <= 60 ? 10 : 60;
    for (let back = step; back < range; back += step) {
      const at = Math.round(x(now - back * 1000)) + 0.5;
      g.beginPath();
      g.moveTo(at, 0);
      g.lineTo(at, height);
      g.stroke();
    }
    for (const part of [0.5]) {
      g.beginPath();
      g.moveTo(0, Math.round(STACK * (1 - part)) + 0.5);
      g.lineTo(width, Math.round(STACK * (1 - part)) + 0.5);
      g.stroke();
    }
  }

  function drawStack(g, width, x, lanes, view) {
    for (const second of view.seconds) {
      const left = x(second.unixMillis - second.spanMillis);
      const right = x(second.unixMillis);
      if (right < 0) continue;
      const slices = second.slices.filter((s) => s.device === view.device && s.busy > 0);
      const all = slices.reduce((sum, s) => sum + s.busy, 0);
      // A long kernel counts where it ends, with more than that second has.
      const fit = all > 1 ? 1 / all : 1;
      let base = STACK;
      for (const tenant of lanes) {
        const slice = slices.find((s) => s.tenant === tenant);
        if (!slice) continue;
        const high = slice.busy * fit * STACK;
        g.fillStyle = view.colour(tenant);
        g.fillRect(left, base - high, Math.max(1, right - left + 0.4), high);
        base -= high;
      }
    }
  }

  function drawLane(g, lane, found) {
    g.fillStyle = css("--track");
    g.globalAlpha = 0.45;
    round(g, 0, lane.top, lane.width, LANE, 6);
    for (const bar of found) {
      const left = Math.max(0, lane.x(bar.begin));
      const right = lane.x(bar.end);
      if (right <= 0) continue;
      g.fillStyle = lane.colour;
      g.globalAlpha = 0.2;
      round(g, left, lane.top, Math.max(2, right - left - 1), LANE, 5);
      // The lower edge tells how much of each second it took.
      g.globalAlpha = 0.95;
      for (const [begin, end, busy] of bar.parts) {
        const from = Math.max(left, lane.x(begin));
        const high = Math.max(1.5, Math.min(1, busy) * 6);
        g.fillRect(from, lane.top + LANE - high, Math.max(1, lane.x(end) - from), high);
      }
      label(g, bar.name, left, right, lane.top);
    }
    g.globalAlpha = 1;
  }

  function label(g, name, left, right, top) {
    g.font = "11px system-ui, sans-serif";
    const textWidth = g.measureText(name).width;
    // The tenant's name has its place at the left edge.
    const at = Math.max(left + 7, 88);
    if (name && right - at > textWidth + 6) {
      g.globalAlpha = 1;
      g.fillStyle = css("--ink");
      g.textBaseline = "middle";
      g.fillText(name, at, top + (LANE - 4) / 2 + 0.5);
    }
  }

  function round(g, x, y, width, height, radius) {
    g.beginPath();
    if (g.roundRect) {
      g.roundRect(x, y, width, height, radius);
    } else {
      g.rect(x, y, width, height);
    }
    g.fill();
  }

  return { draw };
})();
