"use strict";
// Draws the page from its data. Texts are only ever texts: nothing here makes markup of them.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = id => document.getElementById(id);
  const KINDS = {
    distribution: "distribution", bytecode: "bytecode", interpreter: "interpreter", package: "Debian package",
    application: "application", system: "system",
  };
  // An import with this share of the start as its own time stands out.
  const SLOW = 0.02;
  const FIRST_ROWS = 15, FIRST_FILES = 100;
  let platform = data.platforms[0];

  // Elements and numbers.

  function el(name, properties, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "class") element.className = value;
      else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter(child => child !== null && child !== undefined));
    return element;
  }

  function size(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    const units = ["KiB", "MiB", "GiB", "TiB"];
    let value = bytes / 1024, unit = 0;
    while (value >= 1024 && unit + 1 < units.length) { value /= 1024; unit += 1; }
    return `${value.toFixed(1)} ${units[unit]}`;
  }

  const number = value => value.toLocaleString("en-US");
  const sum = (list, of) => list.reduce((total, item) => total + of(item), 0);
  const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
  const short = digest => digest.replace("sha256:", "").slice(0, 12);
  const seconds = value => value >= 1 ? `${value.toFixed(2)} s` : `${(value * 1000).toFixed(1)} ms`;

  function place(element, x, y, width, height) {
    const style = element.style;
    style.left = `${x}%`; style.top = `${y}%`; style.width = `${width}%`; style.height = `${height}%`;
  }

  // Tables.

  // A column: head, the value that it sorts by, what it shows (or that value), and its class.
  function table(caption, columns, rows, options = {}) {
    const state = { by: options.by, down: true, all: false };
    const box = el("div");
    const draw = () => {
      const column = columns[state.by];
      const sorted = column === undefined ? rows : [...rows].sort((a, b) => order(column.value(a), column.value(b), state.down));
      const shown = state.all ? sorted : sorted.slice(0, options.first || FIRST_ROWS);
      const head = el("tr", null, ...columns.map((column, index) => headCell(column, index, state, draw)));
      const body = shown.map(row => el("tr", null, ...columns.map((column, index) => cell(column, row, index === options.head))));
      const left = sorted.length - shown.length;
      const content = el("table", null, el("caption", { class: "unseen" }, caption), el("thead", null, head), el("tbody", null, ...body));
      const more = () => { state.all = true; draw(); box.querySelector("tbody button, th button")?.focus(); };
      box.replaceChildren(content, ...(left > 0 ? [el("button", { type: "button", class: "all", onclick: more }, `Show ${number(left)} more`)] : []));
    };
    draw();
    return box;
  }

  function order(a, b, down) {
    const result = typeof a === "number" && typeof b === "number" ? a - b : String(a ?? "").localeCompare(String(b ?? ""), "en");
    return down ? -result : result;
  }

  function headCell(column, index, state, draw) {
    const isSorted = state.by === index;
    const sort = () => {
      state.down = isSorted ? !state.down : Boolean(column.isNumber);
      state.by = index;
      const row = document.activeElement?.closest("div");
      draw();
      row?.querySelectorAll("thead th")[index]?.querySelector("button")?.focus();
    };
    const properties = { scope: "col", class: classOf(column), "aria-sort": isSorted ? (state.down ? "descending" : "ascending") : null };
    return el("th", properties, column.fixed ? column.head : el("button", { type: "button", onclick: sort }, column.head));
  }

  const classOf = column => [column.isNumber ? "n" : "", column.class || ""].join(" ").trim() || null;

  function cell(column, row, isHead) {
    const content = column.show ? column.show(row) : column.value(row);
    const properties = { class: classOf(column), scope: isHead ? "row" : null };
    return el(isHead ? "th" : "td", properties, ...[content].flat().map(it => it === null || it === undefined ? "" : it));
  }

  const numeric = (head, value, show, name) => ({ head, value, show: row => show(value(row)), isNumber: true, class: name });

  // The head of the page.

  function drawTop() {
    at("image").textContent = data.image;
    at("digest").textContent = data.digest;
    if (data.problems) {
      at("problems").hidden = false;
      at("problems").textContent = `${counted(data.problems, "problem")}: parts of the image are not what it says. shipwheel verify lists them.`;
    }
    const choices = data.platforms.map((it, index) => {
      const choose = () => { platform = it; drawPlatform(); };
      const input = el("input", { type: "radio", name: "platform", value: index, checked: index === 0, onchange: choose });
      return el("label", null, input, el("span", null, it.name));
    });
    at("platform-choice").append(...choices);
    const links = [...document.querySelectorAll("main > section:not([hidden])")];
    at("sections").append(...links.map(it => el("a", { href: `#${it.id}` }, it.querySelector("h2").dataset.link || it.querySelector("h2").textContent)));
  }

  // Platforms side by side.

  const FACTS = [
    ["To pull", it => size(it.packed)],
    ["Files", it => `${size(it.bytes)} in ${number(it.files.length)}`],
    ["Layers", it => {
      const shared = it.layers.filter(layer => layer.shared.length);
      return shared.length ? `${it.layers.length}, ${shared.length} shared (${size(sum(shared, layer => layer.packed))})` : `${it.layers.length}`;
    }],
    ["Hidden by layers above", it => size(sum(it.layers, layer => layer.hidden))],
    ["Distributions", it => number(it.distributions.filter(one => !one[6]).length)],
    ["Debian packages", it => number(it.packages.length)],
    ["System", it => it.system ? (it.system.name || `${it.system.id} ${it.system.version || ""}`) : "–"],
    ["Python", it => it.python ? `${it.python.version}, level ${it.python.level}` : "–"],
    ["Bytecode loaded", it => it.bytecode],
    ["Command", it => it.command.join(" ") || "–"],
    ["User and folder", it => `${it.user || "root"}, ${it.folder}`],
    ["Manifest", it => short(it.digest)],
  ];

  function drawFacts() {
    const heads = [el("td"), ...data.platforms.map(it => el("th", { scope: "col" }, it.name))];
    const rows = FACTS.map(([name, say]) => {
      const said = data.platforms.map(say);
      return el("tr", null, el("th", { scope: "row" }, name), ...said.map(text => el("td", null, text)));
    });
    const caption = el("caption", { class: "unseen" }, "Platforms side by side");
    at("facts-table").append(el("table", null, caption, el("thead", null, el("tr", null, ...heads)), el("tbody", null, ...rows)));
  }

  // The map of sizes.

  const owner = index => platform.owners[index] || ["system", "", null];
  const ownerName = index => owner(index).slice(1).filter(Boolean).join(" ");
  const kindOf = part => part[1] ? "bytecode" : owner(part[0])[0];
  const layerName = index => `Layer ${index + 1}: ${platform.layers[index].title}`;
  const partName = part => `${ownerName(part[0])}${part[1] ? " (bytecode)" : ""}`;

  // The colors, with what each stands for in all.
  function drawLegend() {
    const parts = platform.layers.flatMap(layer => layer.parts);
    const kinds = Object.keys(KINDS).map(kind => [kind, sum(parts.filter(part => kindOf(part) === kind), part => part[2])]);
    const shown = kinds.filter(([, bytes]) => bytes > 0);
    const line = ([kind, bytes]) => el("li", null, el("i", { class: kind, "aria-hidden": "true" }), `${KINDS[kind]} `, el("b", null, size(bytes)));
    at("legend").replaceChildren(...shown.map(line));
  }

  const isPhone = () => matchMedia("(max-width: 760px)").matches;

  function drawMap() {
    const layers = platform.maps[isPhone() ? "tall" : "wide"];
    at("map").replaceChildren(...layers.map(drawLayer));
    roving(at("map"), ".open");
    leave(false);
  }

  function drawLayer([index, x, y, width, height, parts]) {
    const layer = platform.layers[index];
    const cells = parts.map(([part, ...box]) => drawPart(layer, part, box));
    const label = `${layerName(index)}, ${size(layer.bytes)} of files, ${size(layer.packed)} to pull`;
    const element = el("div", { class: "layer", "data-layer": index },
      el("div", { class: "box" },
        el("span", { class: "name", "aria-hidden": "true" }, `${index + 1} ${layer.title.replace(/^[a-z ]+: /, "")}`),
        el("div", { class: "inner", "aria-hidden": "true" }, ...cells)),
      el("button", { type: "button", class: "open", "aria-label": label, onclick: () => enter(index) }));
    place(element, x, y, width, height);
    element.querySelector(".open").addEventListener("focus", () => { at("hint").textContent = label; });
    return element;
  }

  function drawPart(layer, index, box) {
    const part = layer.parts[index];
    const text = part ? partName(part) : "all others";
    const cell = el("div", { class: `cell ${part ? kindOf(part) : "system"}` }, el("span", null, part ? ownerName(part[0]) : text));
    cell.dataset.say = part ? `${text}, ${size(part[2])} in ${counted(part[3], "file")}` : text;
    place(cell, ...box);
    return cell;
  }

  function hover(event) {
    const under = document.elementsFromPoint(event.clientX, event.clientY);
    const layer = under.find(it => it.classList?.contains("layer"));
    const cell = under.find(it => it.classList?.contains("cell"));
    if (layer) at("hint").textContent = [cell?.dataset.say, layerName(Number(layer.dataset.layer))].filter(Boolean).join(" · ");
  }

  function enter(index) {
    const map = at("map");
    map.classList.add("zoomed");
    map.querySelectorAll(".layer").forEach(it => it.classList.toggle("on", Number(it.dataset.layer) === index));
    const layer = platform.layers[index];
    at("crumb").textContent = layerName(index);
    at("back").hidden = false;
    at("back").focus({ preventScroll: true });
    at("hint").textContent = [layer.madeBy, short(layer.digest)].filter(Boolean).join(" · ");
    const columns = [
      { head: "Part", value: partName },
      { head: "Kind", value: part => KINDS[kindOf(part)], class: "tag wide" },
      numeric("Files", part => part[3], number),
      numeric("Size", part => part[2], size),
    ];
    at("parts").replaceChildren(table(`Parts of layer ${index + 1}`, columns, layer.parts, { by: 3, head: 0 }));
  }

  function leave(isFocused) {
    const on = at("map").querySelector(".layer.on .open");
    at("map").classList.remove("zoomed");
    at("map").querySelectorAll(".on").forEach(it => it.classList.remove("on"));
    at("back").hidden = true;
    at("parts").replaceChildren();
    const empty = platform.layers.filter(layer => !layer.bytes).length;
    at("crumb").textContent = `${size(platform.bytes)} of files in ${counted(platform.layers.length - empty, "layer")}`;
    at("hint").textContent = "";
    if (isFocused) on?.focus({ preventScroll: true });
  }

  // One stop for the Tab key, and arrow keys among the rest.
  function roving(box, selector) {
    const all = [...box.querySelectorAll(selector)];
    all.forEach((it, index) => { it.tabIndex = index === 0 ? 0 : -1; });
    box.onkeydown = event => {
      const now = all.indexOf(document.activeElement);
      const next = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
      if (now < 0 || next === undefined || !all[next]) return;
      event.preventDefault();
      all[now].tabIndex = -1;
      all[next].tabIndex = 0;
      all[next].focus();
    };
  }

  // Layers, distributions and packages.

  function drawLayers() {
    const most = Math.max(1, ...platform.layers.map(layer => layer.packed));
    const rows = platform.layers.map((layer, index) => ({ layer, index }));
    const open = index => { enter(index); at("sizes").scrollIntoView(); };
    const packed = row => {
      const bar = el("span", { class: "share" });
      bar.style.width = `${row.layer.packed * 100 / most}%`;
      return [size(row.layer.packed), bar];
    };
    const columns = [
      { ...numeric("#", row => row.index + 1, String) },
      { head: "What it holds", value: row => row.layer.title,
        show: row => el("button", { type: "button", class: "plain", onclick: () => open(row.index) }, row.layer.title) },
      { head: "Shared with", value: row => row.layer.shared.join(", "), class: "tag wide" },
      { head: "Digest", value: row => short(row.layer.digest), show: row => el("code", null, short(row.layer.digest)), class: "tag wide" },
      numeric("Hidden", row => row.layer.hidden, bytes => bytes ? size(bytes) : "", "wide"),
      numeric("Files", row => row.layer.bytes, size, "wide"),
      { head: "To pull", value: row => row.layer.packed, show: packed, isNumber: true },
    ];
    at("layers-table").replaceChildren(table("Layers", columns, rows, { head: 1, first: isPhone() ? FIRST_ROWS : 100 }));
  }

  function find(text) {
    at("query").value = text;
    drawFiles();
    at("files").scrollIntoView();
    at("query").focus({ preventScroll: true });
  }

  const named = (name, text) => el("button", { type: "button", class: "plain", onclick: () => find(`of:${name}`) }, text);

  function drawDistributions() {
    const rows = platform.distributions;
    const note = row => [row[6] ? " vendored" : "", row[7] ? ` by ${row[7]}` : ""].join("");
    const columns = [
      { head: "Name", value: row => row[0], show: row => [named(row[0], row[0]), el("span", { class: "muted" }, note(row))] },
      { head: "Version", value: row => row[1] },
      { head: "License", value: row => row[5] || "", class: "wide" },
      numeric("Files", row => row[3], number, "wide"),
      numeric("Bytecode", row => row[4], size, "wide"),
      numeric("Size", row => row[2], size),
    ];
    at("distributions").hidden = rows.length === 0;
    at("distributions-table").replaceChildren(table("Distributions", columns, rows, { by: 5, head: 0 }));
  }

  function drawPackages() {
    const rows = platform.packages;
    const columns = [
      { head: "Name", value: row => row[0], show: row => named(row[0], row[0]) },
      { head: "Version", value: row => row[1] },
      { head: "Source", value: row => row[5] === row[0] ? "" : row[5], class: "wide" },
      numeric("Files", row => row[3], number, "wide"),
      numeric("Size", row => row[2], size),
    ];
    at("packages").hidden = rows.length === 0;
    at("packages-table").replaceChildren(table("Debian packages", columns, rows, { by: 4, head: 0 }));
  }

  // The start.

  function drawStart() {
    if (!data.profile || !data.profile.modules.length) return;
    at("start").hidden = false;
    at("start-content").append(...data.profile.modules.flatMap(drawModule));
  }

  function drawModule(module) {
    const name = module.module || "python";
    const cost = (label, it) => it ? `${label} ${seconds(it.wall_seconds)} and ${size(it.peak_bytes)} of memory` : null;
    const costs = [cost("With bytecode", module.with), cost("without", module.without)].filter(Boolean).join(", ");
    const told = `${counted(module.imports, "import")} in ${seconds(module.seconds)}, measured in a start of their own, which takes longer. ${counted(module.compiled, "source")} compiled.`;
    const hint = el("p", { class: "hint" }, "");
    const slowest = table(`Slowest imports of ${name}`, [
      { head: "Slowest imports", value: row => row[0], fixed: true },
      { ...numeric("Own time", row => row[1], seconds), fixed: true },
      { ...numeric("With its imports", row => row[2], seconds), fixed: true },
    ], module.slowest, { head: 0 });
    const sources = module.compiledSources.length
      ? el("details", null, el("summary", null, "Compiled at the start"), el("ul", { class: "mono" }, ...module.compiledSources.map(it => el("li", null, it))))
      : null;
    return [el("h3", null, name), el("p", null, costs ? `${costs}.` : ""), el("p", { class: "muted" }, told), icicle(name, module, hint), hint, slowest, sources].filter(Boolean);
  }

  function icicle(name, module, hint) {
    const ROW = 21;
    const box = el("div", { class: "icicle", role: "group", "aria-label": `Imports of ${name}, each below what imported it. Arrow keys move, Enter widens, Escape goes back.` });
    const inner = el("div");
    const say = row => `${row[0]}: ${seconds(row[5])}, ${seconds(row[4])} of its own`;
    const view = (from, width) => {
      for (const [index, row] of module.rectangles.entries()) {
        const button = buttons[index], x = (row[2] - from) * 100 / width, wide = row[3] * 100 / width;
        button.hidden = x + wide <= 0.001 || x >= 99.999;
        button.style.left = `${Math.max(0, x)}%`;
        button.style.width = `${Math.min(100, x + wide) - Math.max(0, x)}%`;
      }
    };
    const buttons = module.rectangles.map(row => {
      const listen = { onclick: () => view(row[2], row[3]), onfocus: () => { hint.textContent = say(row); }, onmouseenter: () => { hint.textContent = say(row); } };
      const button = el("button", { type: "button", class: row[4] >= module.seconds * SLOW ? "slow" : null, "aria-label": say(row), ...listen }, el("span", null, row[0].split(".").pop()));
      button.style.top = `${row[1] * ROW}px`;
      return button;
    });
    inner.append(...buttons);
    inner.style.height = `${(Math.max(0, ...module.rectangles.map(row => row[1])) + 1) * ROW}px`;
    box.append(inner);
    roving(box, "button");
    box.addEventListener("keydown", event => { if (event.key === "Escape") view(0, 100); });
    view(0, 100);
    return box;
  }

  // Files.

  const filesShown = { list: [], count: FIRST_FILES };
  const pathOf = file => `${platform.folders[file[0]]}/${file[1]}`;

  function matcher(query) {
    const tests = query.toLowerCase().split(/\s+/).filter(Boolean).map(word => {
      if (/^layer:\d+$/.test(word)) return file => file[3] === Number(word.slice(6)) - 1;
      if (word.startsWith("of:")) return file => (owner(file[4])[1] || "").toLowerCase() === word.slice(3);
      if (word === "bytecode") return file => file[5] === 1;
      return file => pathOf(file).toLowerCase().includes(word) || ownerName(file[4]).toLowerCase().includes(word);
    });
    return file => tests.every(test => test(file));
  }

  function drawFiles() {
    const found = platform.files.filter(matcher(at("query").value));
    if (at("order").value === "size") found.sort((a, b) => b[2] - a[2]);
    filesShown.list = found;
    filesShown.count = FIRST_FILES;
    at("found").textContent = `${counted(found.length, "file")}, ${size(sum(found, file => file[2]))}`;
    at("list").replaceChildren();
    showFiles(0);
  }

  function showFiles(from) {
    const next = filesShown.list.slice(from, filesShown.count);
    at("list").append(...next.map(fileRow));
    const left = filesShown.list.length - filesShown.count;
    at("more").hidden = left <= 0;
    at("more").textContent = `Show ${number(Math.min(left, FIRST_FILES))} of ${number(Math.max(0, left))} more`;
  }

  function fileRow(file) {
    const folder = platform.folders[file[0]];
    const link = file.length > 6 ? ` → ${file[6]}` : "";
    return el("li", null,
      el("span", { class: "path mono" }, `${folder}/`, el("b", null, file[1]), link),
      el("span", { class: "size" }, link ? "link" : size(file[2])),
      el("span", { class: "layer-number" }, file[3] === null ? "" : `layer ${file[3] + 1}`),
      el("span", { class: "whose" }, ownerName(file[4])));
  }

  // Settings.

  function pairs(entries) {
    return el("dl", null, ...entries.flatMap(([key, value]) => [el("dt", null, key), el("dd", { class: "mono" }, value)]));
  }

  function drawSettings() {
    const config = platform.config.config || {};
    const text = value => typeof value === "string" ? value : JSON.stringify(value);
    const named = Object.entries(config).filter(([key]) => key !== "Env" && key !== "Labels").map(([key, value]) => [key, text(value)]);
    const variables = (Array.isArray(config.Env) ? config.Env : []).map(text).map(it => [it.split("=")[0], it.split("=").slice(1).join("=")]);
    const parts = [
      ["Config", [["architecture", `${platform.config.os}/${platform.config.architecture}`], ["created", platform.config.created || "–"], ...named]],
      ["Environment", variables],
      ["Labels", Object.entries(config.Labels || {}).map(([key, value]) => [key, text(value)])],
      ["Annotations of the manifest", Object.entries(platform.annotations)],
      ["Annotations of the image", Object.entries(data.annotations)],
    ].filter(([, entries]) => entries.length);
    at("settings-content").replaceChildren(...parts.flatMap(([title, entries]) => [el("h3", null, title), pairs(entries)]), ...attached());
  }

  function attached() {
    if (!data.attached.length) return [];
    const subjects = Object.fromEntries(data.platforms.map(it => [it.digest, it.name]));
    const about = row => subjects[row.subject] || (row.subject === data.digest ? "the image" : short(row.subject || ""));
    const columns = [
      { head: "About", value: about },
      { head: "Type", value: row => row.artifact_type || row.media_type },
      { head: "By", value: row => row.by, class: "wide" },
      { head: "Digest", value: row => short(row.digest), show: row => el("code", null, short(row.digest)), class: "wide" },
      numeric("Size", row => row.size, size),
    ];
    return [el("h3", null, "Signatures, SBOMs and other documents about it"), table("Attached documents", columns, data.attached, { head: 1 })];
  }

  function drawPlatform() {
    drawLegend();
    drawMap();
    drawLayers();
    drawDistributions();
    drawPackages();
    drawFiles();
    drawSettings();
  }

  function listen() {
    let waiting;
    at("query").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(drawFiles, 80); });
    at("order").addEventListener("change", drawFiles);
    at("search").addEventListener("submit", event => { event.preventDefault(); drawFiles(); });
    at("more").addEventListener("click", () => { const from = filesShown.count; filesShown.count += FIRST_FILES; showFiles(from); });
    at("back").addEventListener("click", () => leave(true));
    at("map").addEventListener("pointermove", hover);
    at("sizes").addEventListener("keydown", event => { if (event.key === "Escape" && !at("back").hidden) leave(true); });
    matchMedia("(max-width: 760px)").addEventListener("change", () => platform && drawMap());
    document.addEventListener("keydown", event => {
      const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName || "");
      if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) { event.preventDefault(); at("query").focus(); }
    });
  }

  drawStart();
  drawTop();
  if (!platform) return;
  drawFacts();
  listen();
  drawPlatform();
})();
