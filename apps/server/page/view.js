// Drawing: maps over pictures, experts over patches, the load of experts, the times of frames.
import {css, expertColor, inkOn, nonFinite, safeColor, scale} from "./colors.js";

// A bundle as the server packs it (apps/server/bundle.h): the header, and the pieces as typed arrays.
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const bytes = (piece) => new Uint8Array(buffer, 4 + length + piece.offset, piece.bytes);
  const words = (piece) => new Uint16Array(buffer.slice(4 + length + piece.offset, 4 + length + piece.offset + piece.bytes));
  for (const map of header.maps) map.data = map.kind === "depth" ? words(map) : bytes(map);
  for (const route of header.routing) {
    route.e = header.wide_experts ? words(route.experts) : bytes(route.experts);
    route.w = bytes(route.weights);
  }
  if (header.picture) header.jpeg = new Blob([bytes(header.picture)], {type: "image/jpeg"});
  return header;
}

// Depth spans a street: its colours follow the logarithm where all of it is above zero.
const depthShare = (map, value) =>
  map.low > 0 ? Math.log(value / map.low) / Math.log(map.high / map.low || 2) : (value - map.low) / (map.high - map.low || 1);
export const depthValue = (map, sample) => map.low + ((sample - 1) * (map.high - map.low)) / 65534;

export function classColors(task, palette) {
  return palette === "safe" ? task.colors.map((_, i) => safeColor(i)) : task.colors;
}

// The map's colours as a canvas of its size. `only`: the one class that is shown, or −1.
export function colorize(map, task, look, only) {
  const image = new ImageData(map.width, map.height), out = image.data;
  const put = (i, [r, g, b], a = 255) => { out[4 * i] = r; out[4 * i + 1] = g; out[4 * i + 2] = b; out[4 * i + 3] = a; };
  const count = map.width * map.height, ramp = scale(map.kind === "depth" ? look.values : "grey");
  if (map.kind === "labels") {
    const colors = classColors(task, look.classes);
    for (let i = 0; i < count; ++i) put(i, colors[map.data[i]] ?? nonFinite, only < 0 || map.data[i] === only ? 255 : 0);
  } else if (map.kind === "depth") {
    const table = Array.from({length: 1025}, (_, i) => ramp[Math.round(255 * Math.min(1, Math.max(0, depthShare(map, depthValue(map, 1 + i * 64)))))]);
    for (let i = 0; i < count; ++i) put(i, map.data[i] === 0 ? nonFinite : map.data[i] < 4096
      ? ramp[Math.round(255 * Math.min(1, Math.max(0, depthShare(map, depthValue(map, map.data[i])))))] : table[map.data[i] >> 6]);
  } else if (map.kind === "normals") {
    for (let i = 0; i < count; ++i) put(i, [map.data[3 * i], map.data[3 * i + 1], map.data[3 * i + 2]]);
  } else {
    for (let i = 0; i < count; ++i) put(i, ramp[map.data[i]]);
  }
  const canvas = new OffscreenCanvas(map.width, map.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export function drawPanel(canvas, picture, map, task, look, route, only) {
  const wide = Math.min(1280, Math.max(640, map.width)), high = Math.round((wide * map.height) / map.width);
  if (canvas.width !== wide || canvas.height !== high) { canvas.width = wide; canvas.height = high; }
  const paint = canvas.getContext("2d");
  paint.globalAlpha = 1;
  paint.drawImage(picture, 0, 0, wide, high);
  paint.globalAlpha = look.opacity;
  paint.imageSmoothingEnabled = map.kind !== "labels";
  paint.drawImage(colorize(map, task, look, only), 0, 0, wide, high);
  paint.globalAlpha = 1;
  if (route && look.experts) drawExperts(paint, wide, high, route, 0.55, -1);
}

// Each patch in the colour of the expert it weighs most, with its number.
function drawExperts(paint, wide, high, route, alpha, highlight) {
  const cell = [wide / route.width, high / route.height], size = Math.min(cell[0], cell[1]);
  paint.font = `600 ${Math.max(9, Math.round(size * 0.42))}px system-ui, "DejaVu Sans", sans-serif`;
  paint.textAlign = "center";
  paint.textBaseline = "middle";
  for (let y = 0; y < route.height; ++y) {
    for (let x = 0; x < route.width; ++x) {
      const expert = route.e[(y * route.width + x) * route.top_k], color = expertColor(expert);
      const dim = highlight >= 0 && expert !== highlight;
      paint.globalAlpha = dim ? 0.12 : alpha;
      paint.fillStyle = css(color);
      paint.fillRect(x * cell[0] + 0.5, y * cell[1] + 0.5, cell[0] - 1, cell[1] - 1);
      paint.globalAlpha = dim ? 0.25 : 1;
      paint.fillStyle = inkOn(color);
      if (size >= 12) paint.fillText(expert, (x + 0.5) * cell[0], (y + 0.5) * cell[1]);
    }
  }
  paint.globalAlpha = 1;
}

export function drawRoute(canvas, picture, route, highlight) {
  canvas.width = 640;
  canvas.height = Math.round((640 * picture.height) / picture.width);
  const paint = canvas.getContext("2d");
  paint.drawImage(picture, 0, 0, canvas.width, canvas.height);
  drawExperts(paint, canvas.width, canvas.height, route, 0.78, highlight);
}

// How many patches each expert got, by block: [block][expert] of all its top k.
export function loads(routes, numExperts) {
  return routes.map((route) => {
    const counts = new Array(numExperts).fill(0);
    for (const expert of route.e) ++counts[expert];
    return counts;
  });
}

// Rows are blocks, columns experts; the fuller a bar the more patches. The even share is a thin line.
export function drawLoads(canvas, routes, numExperts, chosen, ink) {
  const left = 70, top = 24, row = 34, room = canvas.parentElement.clientWidth;
  const column = Math.max(14, Math.min(56, (room - left - 8) / numExperts));
  const wide = left + numExperts * column + 8, high = top + routes.length * row + 4;
  canvas.width = wide * devicePixelRatio;
  canvas.height = high * devicePixelRatio;
  canvas.style.maxWidth = `${wide}px`;
  const paint = canvas.getContext("2d"), all = loads(routes, numExperts);
  paint.scale(devicePixelRatio, devicePixelRatio);
  paint.font = '13px system-ui, "DejaVu Sans", sans-serif';
  paint.textBaseline = "middle";
  paint.fillStyle = ink;
  paint.textAlign = "center";
  for (let e = 0; e < numExperts; ++e) paint.fillText(e, left + (e + 0.5) * column, 11);
  all.forEach((counts, i) => {
    const y = top + i * row, most = Math.max(...counts, 1), total = counts.reduce((a, b) => a + b, 0);
    paint.textAlign = "right";
    paint.fillStyle = ink;
    paint.font = `${routes[i].block === chosen ? "700 " : ""}13px system-ui, "DejaVu Sans", sans-serif`;
    paint.fillText(`block ${routes[i].block}`, left - 8, y + row / 2);
    counts.forEach((count, e) => {
      const height = (row - 6) * (count / most);
      paint.fillStyle = css(expertColor(e));
      paint.globalAlpha = routes[i].block === chosen ? 1 : 0.6;
      paint.fillRect(left + e * column + 2, y + row - 3 - height, column - 4, height);
      paint.globalAlpha = 1;
    });
    paint.strokeStyle = ink;
    paint.globalAlpha = 0.45;
    paint.beginPath();
    const even = y + row - 3 - (row - 6) * Math.min(1, total / numExperts / most);
    paint.moveTo(left, even);
    paint.lineTo(left + numExperts * column, even);
    paint.stroke();
    paint.globalAlpha = 1;
  });
  return {left, top, column, row, wide, high, all};
}

// `frames`: {ms, switched} of the last frames.
export function drawTimeline(canvas, frames, ink, accent) {
  const wide = (canvas.width = canvas.clientWidth * devicePixelRatio), high = (canvas.height = 64 * devicePixelRatio);
  const paint = canvas.getContext("2d"), slots = 120, step = wide / slots;
  const most = Math.max(...frames.map((frame) => frame.ms), 1) * 1.15;
  frames.forEach((frame, i) => {
    const x = (slots - frames.length + i) * step, height = high * (frame.ms / most);
    paint.fillStyle = accent;
    paint.globalAlpha = 0.75;
    paint.fillRect(x + 0.5, high - height, Math.max(1, step - 1), height);
    paint.globalAlpha = 1;
    if (!frame.switched) return;
    paint.fillStyle = ink;
    paint.fillRect(x, 0, 1.5 * devicePixelRatio, high);
  });
  paint.fillStyle = ink;
  paint.font = `${11 * devicePixelRatio}px system-ui, "DejaVu Sans", sans-serif`;
  paint.textBaseline = "top";
  paint.fillText(`${(most / 1.15).toFixed(1)} ms`, 2, 2);
}
