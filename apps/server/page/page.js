// The page: asks for frames as fast as it can take them, and shows what it gets.
import {classColors, depthValue, drawLoads, drawPanel, drawRoute, drawTimeline, unpack} from "./view.js";
import {css, scale} from "./colors.js";

const $ = (id) => document.getElementById(id);
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const store = {get: (key, other) => { try { return localStorage.getItem(key) ?? other; } catch { return other; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode */ } }};
const labelOf = {semseg: "Classes", human_parts: "Human parts", sal: "Saliency", normals: "Normals", edge: "Edges", depth: "Depth"};
const stageColors = {read: "#7a8794", resize: "#a9762f", backbone: "#2458c5", head: "#2a9d8f", maps: "#8a5bb8", encode: "#b4a08a"};
const viewer = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

let state, model;
let chosen = [];           // tasks that are shown
let frame = null;          // the last bundle, with its picture as a bitmap
let dropped = null;        // the file that is shown instead of the live source
let block = -1;
let onlyClass = -1, onlyExpert = -1;
let lastId = 0;
let switching = null;      // {at} until the first frame of the tasks that were asked for
const history = [];
let poll = null;

const look = () => ({opacity: $("opacity").value / 100, classes: $("class-palette").value, values: $("value-palette").value,
  experts: $("experts-on").checked});
const taskOf = (name) => model.tasks.find((task) => task.name === name);
const routesOf = (name) => frame.routing.filter((route) => route.task === name || route.task === "");
const say = (text) => { if ($("status").textContent !== text) $("status").textContent = text; };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function ask(address, options) {
  const response = await fetch(address, options);
  if (response.ok) return response;
  let reason = response.statusText;
  try { reason = (await response.json()).error; } catch { /* no JSON */ }
  throw Object.assign(new Error(reason), {status: response.status});
}

// ---- controls

function buildModels() {
  $("model-picker").hidden = state.models.length < 2;
  $("model-name").replaceChildren(...state.models.map(({name}) => element("option", {value: name, textContent: name})));
  const kept = store.get("model", "");
  model = state.models.find(({name}) => name === kept) ?? state.models[0];
  $("model-name").value = model.name;
}

// What hangs on the model; its first frame brings the maps.
function buildModel() {
  describe();
  buildTasks();
  buildBlocks();
  const names = model.tasks.map((task) => task.name), kept = store.get("tasks", names[0]).split(",");
  choose(kept.every((name) => names.includes(name)) ? kept : [names[0]]);
}

function pickModel(name) {
  model = state.models.find((entry) => entry.name === name);
  store.set("model", name);
  frame = switching = null;
  onlyExpert = -1;
  history.length = 0;
  $("switched").textContent = "";
  for (const id of ["panels", "legend", "router-views"]) $(id).replaceChildren();
  buildModel();
  if (dropped) showFile(dropped);
}

function buildTasks() {
  const names = model.tasks.map((task) => task.name);
  const button = (text, tasks) => {
    const made = element("button", {type: "button", textContent: text});
    made.dataset.tasks = tasks.join(",");
    made.onclick = () => choose(tasks);
    return made;
  };
  $("tasks").replaceChildren(...names.map((name) => button(labelOf[name] ?? name, [name])));
  if (names.length > 1) $("tasks").append(button("All", names));
}

function choose(tasks) {
  chosen = tasks;
  onlyClass = -1;
  store.set("tasks", tasks.join(","));
  for (const button of $("tasks").children) button.setAttribute("aria-pressed", String(button.dataset.tasks === tasks.join(",")));
  if (frame && !dropped && lastId) switching = {at: performance.now()};
  poll?.abort();
  if (frame && tasks.every((task) => frame.maps.some((map) => map.task === task))) show();
}

function buildBlocks() {
  $("router").hidden = model.num_experts === 0;
  if (model.num_experts === 0) return;
  $("router-about").textContent = `Each patch goes to ${model.top_k} of ${model.num_experts} experts in ${model.moe_blocks.length} of ` +
    `${model.num_blocks} blocks, chosen anew for each task. Left: the expert that each patch weighs most in the chosen block. ` +
    "Right: how many patches each expert got in each block; the line is an even share. Point at an expert to see its patches.";
  block = model.moe_blocks.at(-1);
  $("blocks").replaceChildren(...model.moe_blocks.map((number) => {
    const made = element("button", {type: "button", textContent: `Block ${number}`});
    made.setAttribute("aria-pressed", String(number === block));
    made.onclick = () => {
      block = number;
      for (const other of $("blocks").children) other.setAttribute("aria-pressed", String(other === made));
      if (frame) show();
    };
    return made;
  }));
}

function describe() {
  model = state.models.find((entry) => entry.name === model.name);
  const input = `${model.input[1]}×${model.input[0]}`;
  $("model").textContent = `${model.name} · ${model.tasks.map((task) => labelOf[task.name]?.toLowerCase() ?? task.name).join(", ")} · network input ${input}`;
  showEngine(model);
  $("warning").hidden = model.trained;
  $("warning").textContent = "This model is untrained (random weights): its maps mean nothing.";
}

// As the last frame was run: another viewer may have changed it.
let shownEngine = "";
function showEngine(engine) {
  const now = [engine.number_type, engine.instruction_set, engine.num_threads, state.settings_allowed].join();
  if (now === shownEngine) return;
  shownEngine = now;
  $("engine").textContent = `${engine.number_type} on ${engine.instruction_set}, ${engine.num_threads} thread${engine.num_threads > 1 ? "s" : ""}` +
    (state.settings_allowed ? "" : "; changed where the server was started");
  $("number-type").value = engine.number_type === "int8" ? "int8" : "float";
  const counts = new Set([engine.num_threads]);
  for (let n = 1; n <= state.max_threads; n = n < 4 ? n + 1 : n * 2) counts.add(n);
  counts.add(state.max_threads);
  $("threads").replaceChildren(...[...counts].sort((a, b) => a - b).map((n) => element("option", {value: n, textContent: n})));
  $("threads").value = engine.num_threads;
  for (const id of ["number-type", "threads"]) $(id).disabled = !state.settings_allowed;
}

async function change(setting) {
  try {
    state = await (await ask("/live/settings", {method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(setting)})).json();
    if (dropped) await showFile(dropped);
  } catch (error) {
    say(error.message);
  }
  describe();
}

// ---- frames

async function live() {
  for (;;) {
    if (dropped || !state.source || document.hidden) { await sleep(200); continue; }
    const tasks = chosen, {name} = model;
    try {
      poll = new AbortController();
      const response = await ask(`/live/next?viewer=${viewer}&model=${name}&tasks=${tasks.join(",")}&after=${lastId}`, {signal: poll.signal});
      if (response.status === 204) { say("waiting for the source"); continue; }
      const next = unpack(await response.arrayBuffer());
      next.bitmap = await createImageBitmap(next.jpeg);
      if (dropped || name !== model.name) continue;
      if (next.id <= lastId) history.length = 0;  // the server was started anew
      lastId = next.id;
      arrived(next);
    } catch (error) {
      if (error.name === "AbortError") continue;
      say(error.status === 503 ? error.message : "no connection; trying again");
      if (!error.status) lastId = 0;
      await sleep(1000);
    }
  }
}

function arrived(next) {
  const whole = chosen.every((task) => next.maps.some((map) => map.task === task));
  let switched = false;
  if (switching) {
    if (whole) {
      switched = true;
      // Counted by the server: how many frames after the one at work when it heard of the change.
      const missed = next.id - next.asked_after - 1;
      $("switched").textContent = `switched at the next frame${missed > 0 ? ` (shown ${missed} later: this page is slow)` : ""}, ` +
        `${(performance.now() - switching.at).toFixed(0)} ms; nothing was loaded`;
      switching = null;
    }
  }
  history.push({ms: next.times.run, switched});
  if (history.length > 120) history.shift();
  say(`live: ${state.source}`);
  showEngine(next.engine);
  showTimes(next);
  if (!whole) return;  // run before the task was asked for
  frame = next;
  show();
}

async function showFile(file) {
  say(`running on ${file.name}…`);
  try {
    const {name} = model;
    const response = await ask(`/live/picture?model=${name}&tasks=${model.tasks.map((task) => task.name).join(",")}`, {method: "POST",
      headers: {"content-type": "application/octet-stream"}, body: file});
    const next = unpack(await response.arrayBuffer());
    next.bitmap = await createImageBitmap(file);
    if (name !== model.name) return;  // another was picked meanwhile, which shows the file itself
    dropped = file;
    frame = next;
    $("live").hidden = !state.source;
    $("switched").textContent = "";
    switching = null;
    showTimes(next);
    show();
    say(`${file.name}, ${next.width}×${next.height}: ${next.times.run.toFixed(1)} ms for all tasks`);
  } catch (error) {
    say(`${file.name}: ${error.message}`);
  }
}

// ---- what is shown

function showTimes(next) {
  const numbers = next.live;
  for (const [id, value] of [["fps", numbers?.fps], ["p50", numbers?.p50], ["p90", numbers?.p90], ["p99", numbers?.p99]]) {
    $(id).textContent = value === undefined ? "–" : value.toFixed(1);
  }
  const stages = Object.keys(stageColors).filter((name) => next.times[name] !== undefined);
  const total = stages.reduce((sum, name) => sum + next.times[name], 0) || 1;
  $("stages").replaceChildren(...stages.map((name) => {
    const part = element("span");
    part.style.background = stageColors[name];
    part.style.width = `${(100 * next.times[name]) / total}%`;
    return part;
  }));
  $("stage-list").replaceChildren(...stages.map((name) => {
    const swatch = element("span", {className: "swatch"});
    swatch.style.background = stageColors[name];
    return element("div", {}, element("dt", {}, swatch, name), element("dd", {textContent: `${next.times[name].toFixed(1)} ms`}));
  }));
  $("counts").textContent = numbers ? `${numbers.viewers} viewer${numbers.viewers === 1 ? "" : "s"}, ${numbers.shown} frames, ` +
    `${numbers.dropped} overtaken by newer ones, ${numbers.damaged ? `${numbers.damaged} damaged, ` : ""}${numbers.pending} request${numbers.pending === 1 ? "" : "s"} in line` : "";
  const style = getComputedStyle(document.body);
  drawTimeline($("timeline"), history, style.color, style.getPropertyValue("--accent"));
}

function show() {
  $("empty").hidden = frame !== null;
  if (!frame) return;
  const maps = chosen.map((task) => frame.maps.find((map) => map.task === task)).filter(Boolean);
  const panels = $("panels");
  panels.className = maps.length === 1 ? "one" : "";
  while (panels.children.length > maps.length) panels.lastChild.remove();
  while (panels.children.length < maps.length) {
    const canvas = element("canvas", {className: "map"});
    const figure = element("figure", {}, canvas, element("figcaption"));
    canvas.onpointermove = canvas.onpointerdown = (event) => point(event, figure.dataset.task);
    canvas.onpointerleave = () => { $("pointer").textContent = "\u00a0"; };
    panels.append(figure);
  }
  maps.forEach((map, i) => {
    const figure = panels.children[i], task = taskOf(map.task);
    figure.dataset.task = map.task;
    const route = routesOf(map.task).find((entry) => entry.block === block);
    figure.firstChild.style.setProperty("--shape", (map.width / map.height).toFixed(4));
    drawPanel(figure.firstChild, frame.bitmap, map, task, look(), route, map.kind === "labels" ? onlyClass : -1);
    const name = labelOf[map.task] ?? map.task;
    figure.firstChild.setAttribute("role", "img");
    figure.firstChild.setAttribute("aria-label", `${name} over the picture`);
    figure.lastChild.textContent = maps.length > 1 ? name : "";
  });
  showLegend(maps);
  showRoutes(maps);
}

function showLegend(maps) {
  const parts = [];
  for (const map of maps) {
    const task = taskOf(map.task);
    if (map.kind === "labels") {
      const colors = classColors(task, look().classes), list = element("ul", {className: "classes"});
      const present = new Set(map.data);
      colors.forEach((color, i) => {
        const swatch = element("span", {className: "swatch"});
        swatch.style.background = css(color);
        const item = element("li", {className: i === onlyClass ? "on" : ""}, swatch, task.classes[i] ?? `class ${i}`);
        item.style.opacity = present.has(i) ? 1 : 0.45;
        item.dataset.class = i;
        list.append(item);
      });
      parts.push(list);
    } else if (map.kind === "normals") {
      parts.push(element("p", {className: "small quiet", textContent: "Normals: red is x (right), green y, blue z; each (n + 1) / 2."}));
    } else {
      const canvas = element("canvas", {width: 256, height: 1}), paint = canvas.getContext("2d");
      scale(map.kind === "depth" ? look().values : "grey").forEach((color, i) => { paint.fillStyle = css(color); paint.fillRect(i, 0, 1, 1); });
      const unit = task.unit && !task.unit.startsWith("ln") ? ` ${task.unit}` : task.unit ? " m" : "";
      const ends = map.kind === "depth" ? [`${map.low.toPrecision(3)}${unit}`, map.low > 0
        ? `${Math.sqrt(map.low * map.high).toPrecision(3)}${unit}` : "", `${map.high.toPrecision(3)}${unit}`] : ["0", "", "1"];
      parts.push(element("div", {className: "scale"}, canvas, element("div", {}, ...ends.map((text) => element("span", {textContent: text})))),
        element("p", {className: "small quiet", textContent: map.kind === "depth" ? "Depth, by its logarithm where all of it is above zero; magenta is not a number." : labelOf[map.task] ?? map.task}));
    }
  }
  // What the pointer rests on must not be exchanged under it.
  if ($("legend").matches(":hover") && $("legend").children.length === parts.length) return;
  $("legend").replaceChildren(...parts);
}

$("legend").addEventListener("pointerover", (event) => {
  const item = event.target.closest("li");
  onlyClass = item ? Number(item.dataset.class) : -1;
  if (frame) show();
});
$("legend").addEventListener("pointerleave", () => { onlyClass = -1; if (frame) show(); });

function showRoutes(maps) {
  if (model.num_experts === 0) return;
  const names = [...new Set(maps.map((map) => (frame.routing.some((route) => route.task === map.task) ? map.task : "")))];
  const views = $("router-views"), ink = getComputedStyle(document.body).color;
  while (views.children.length > names.length) views.lastChild.remove();
  while (views.children.length < names.length) {
    const grid = element("canvas"), load = element("canvas");
    const view = element("div", {className: "route"}, element("h3"), grid, element("div", {}, load, element("p", {className: "small quiet pointer", textContent: "\u00a0"})));
    load.onpointermove = (event) => pointLoad(event, view);
    load.onpointerleave = () => { onlyExpert = -1; view.lastChild.lastChild.textContent = "\u00a0"; show(); };
    views.append(view);
  }
  names.forEach((name, i) => {
    const view = views.children[i], routes = frame.routing.filter((route) => route.task === name);
    const route = routes.find((entry) => entry.block === block);
    if (!route) return;
    view.dataset.task = name;
    view.children[0].textContent = name === "" ? "All tasks share one router" : labelOf[name] ?? name;
    drawRoute(view.children[1], frame.bitmap, route, onlyExpert);
    view.children[1].setAttribute("role", "img");
    view.children[1].setAttribute("aria-label", `Experts of block ${block} by patch`);
    view.layout = drawLoads(view.lastChild.firstChild, routes, model.num_experts, block, ink);
    view.lastChild.firstChild.setAttribute("role", "img");
    view.lastChild.firstChild.setAttribute("aria-label", `Patches of each expert by block`);
  });
}

// ---- values under the pointer

function place(event) {
  const box = event.target.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function point(event, name) {
  const [u, v] = place(event), map = frame.maps.find((entry) => entry.task === name), task = taskOf(name);
  if (!map || u < 0 || v < 0 || u >= 1 || v >= 1) return;
  const i = Math.floor(v * map.height) * map.width + Math.floor(u * map.width);
  let text = `x ${Math.floor(u * frame.width)}, y ${Math.floor(v * frame.height)}: `;
  if (map.kind === "labels") text += `${task.classes[map.data[i]] ?? "class"} (${map.data[i]})`;
  else if (map.kind === "depth") text += map.data[i] ? `${depthValue(map, map.data[i]).toPrecision(3)} ${task.unit.replace("ln ", "")}` : "not a number";
  else if (map.kind === "normals") text += `n = (${[0, 1, 2].map((c) => ((map.data[3 * i + c] / 255) * 2 - 1).toFixed(2)).join(", ")})`;
  else text += (map.data[i] / 255).toFixed(2);
  const route = routesOf(name).find((entry) => entry.block === block);
  if (route) {
    const patch = (Math.floor(v * route.height) * route.width + Math.floor(u * route.width)) * route.top_k;
    text += ` · block ${block}: ` + Array.from({length: route.top_k}, (_, k) => `expert ${route.e[patch + k]} (${((route.w[patch + k] / 255) * 100).toFixed(0)} %)`).join(", ");
  }
  $("pointer").textContent = text;
}

function pointLoad(event, view) {
  const [u, v] = place(event), {left, top, column, row, wide, high, all} = view.layout;
  const expert = Math.floor((u * wide - left) / column), index = Math.floor((v * high - top) / row);
  onlyExpert = expert >= 0 && expert < model.num_experts ? expert : -1;
  view.lastChild.lastChild.textContent = onlyExpert >= 0 && all[index] ? `block ${model.moe_blocks[index]}, expert ${expert}: ${all[index][expert]} of ` +
    `${all[index].reduce((a, b) => a + b, 0)} places` : "\u00a0";
  show();
}

// ---- start

$("live").onclick = () => { dropped = null; $("live").hidden = true; };
$("file").onchange = (event) => { if (event.target.files[0]) showFile(event.target.files[0]); event.target.value = ""; };
$("number-type").onchange = (event) => change({number_type: event.target.value});
$("model-name").onchange = (event) => pickModel(event.target.value);
$("threads").onchange = (event) => change({threads: Number(event.target.value)});
for (const id of ["opacity", "class-palette", "value-palette", "experts-on"]) {
  const control = $(id), kept = store.get(id, null);
  if (kept !== null && control.type !== "checkbox") control.value = kept;
  control.oninput = () => { store.set(id, control.value); if (frame) show(); };
}
addEventListener("dragover", (event) => { event.preventDefault(); $("drop").hidden = false; });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").hidden = true; });
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").hidden = true;
  if (event.dataTransfer.files[0]) showFile(event.dataTransfer.files[0]);
});

async function start() {
  for (;;) {
    try {
      state = await (await ask("/live/state")).json();
      break;
    } catch {
      say("no connection; trying again");
      await sleep(1000);
    }
  }
  buildModels();
  buildModel();
  $("empty").hidden = state.source !== "";
  if (!state.source) say("no live source");
  live();
}
start();
