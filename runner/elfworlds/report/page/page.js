"use strict";
// Tables, trials and live pictures of a run. The data stands in the page, compressed; it is unpacked when it is asked for.
(() => {
  const AT_A_TIME = 100;
  const IN_THE_LIST = ["wall_s", "repeat", "outcome", "expected", "verdict"];
  const parts = new Map();
  const states = new Map();

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  async function unpack(name) {
    const text = document.getElementById(`data-${name}`).textContent;
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function part(name) {
    if (!parts.has(name)) parts.set(name, unpack(name));
    return parts.get(name);
  }

  // A table: the names of its columns, and a function from column and row to a value.
  async function table(name) {
    const columns = await part(name);
    const names = Object.keys(columns);
    const value = (column, row) => {
      const packed = columns[column];
      return packed.values ? packed.values[row] : packed.texts[packed.codes[row]];
    };
    const first = columns[names[0]];
    return { names, value, rows: (first.values ?? first.codes).length };
  }

  const shown = (value) => (value === null || value === undefined ? "" : String(value));

  function compare(left, right) {
    if (left === right) return 0;
    if (left === null) return 1;
    if (right === null) return -1;
    if (typeof left === "number" && typeof right === "number") return left - right;
    return String(left).localeCompare(String(right), "en", { numeric: true });
  }

  function chosen(data, state) {
    const wanted = state.text.toLowerCase();
    const equal = [...state.equal].filter(([column]) => data.names.includes(column));
    const rows = [];
    for (let row = 0; row < data.rows; row += 1) {
      if (!equal.every(([column, value]) => shown(data.value(column, row)) === value)) continue;
      const fits = data.names.some((column) => shown(data.value(column, row)).toLowerCase().includes(wanted));
      if (!wanted || fits) rows.push(row);
    }
    if (state.sort) {
      const way = state.down ? -1 : 1;
      rows.sort((left, right) => way * compare(data.value(state.sort, left), data.value(state.sort, right)) || left - right);
    }
    return rows;
  }

  function columnsOf(name, data) {
    if (name !== "trials") return data.names.filter((column) => column !== "experiment");
    const axes = data.names.slice(0, data.names.indexOf("outcome")).filter((column) => column !== "experiment");
    return [...new Set([...axes, ...data.names.filter((column) => IN_THE_LIST.includes(column))])];
  }

  function cell(name, column, data, row) {
    const text = shown(data.value(column, row));
    if (column !== "trial") return element("td", {}, text);
    const link = element("a", { href: `#trial?${new URLSearchParams({ trial: text })}` }, text);
    return element("td", {}, link);
  }

  function heads(name, data, state, draw) {
    return columnsOf(name, data).map((column) => {
      const head = element("th", { scope: "col" }, element("button", { type: "button", onclick: () => {
        state.down = state.sort === column && !state.down;
        state.sort = column;
        draw();
        place.querySelector(`th[data-column="${CSS.escape(column)}"] button`)?.focus();
      } }, column));
      const place = document.getElementById(`table-${name}`);
      head.dataset.column = column;
      if (state.sort === column) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      return head;
    });
  }

  function filters(state, draw) {
    return [...state.equal].map(([column, value]) =>
      element("button", { type: "button", title: "Remove this filter", onclick: () => {
        state.equal.delete(column);
        draw();
      } }, `${column} = ${value} ✕`));
  }

  async function open(name) {
    const place = document.getElementById(`table-${name}`);
    if (!place) return;
    const data = await table(name);
    if (!states.has(name)) states.set(name, { text: "", equal: new Map(), sort: null, down: false, most: AT_A_TIME });
    const state = states.get(name);
    let body = place.querySelector(".rows");
    if (!body) {
      const input = element("input", { type: "search", id: `filter-${name}`, oninput: () => {
        state.text = input.value;
        state.most = AT_A_TIME;
        draw();
      } });
      const label = element("label", { htmlFor: input.id }, "Filter ", input);
      body = element("div", { className: "rows" });
      const found = element("p", { className: "soft" });
      found.setAttribute("role", "status");
      place.append(element("div", { className: "controls" }, label, element("span", { className: "chips" })), found, body);
    }
    function draw() {
      const rows = chosen(data, state);
      const lines = rows.slice(0, state.most).map((row) =>
        element("tr", {}, ...columnsOf(name, data).map((column) => cell(name, column, data, row))));
      const whole = element("table", {}, element("thead", {}, element("tr", {}, ...heads(name, data, state, draw))),
        element("tbody", {}, ...lines));
      const scroll = element("div", { className: "scroll", tabIndex: 0 }, whole);
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", `The table ${name}`);
      const more = rows.length > state.most
        ? [element("button", { type: "button", onclick: () => { state.most *= 4; draw(); } }, "Show more rows")]
        : [];
      body.replaceChildren(scroll, ...more);
      place.querySelector(".chips").replaceChildren(...filters(state, draw));
      place.querySelector("[role=status]").textContent =
        `${Math.min(rows.length, state.most)} of ${rows.length} rows are shown; the table has ${data.rows}.`;
    }
    draw();
  }

  async function showTrial(id) {
    const [data, streams] = await Promise.all([table("trials"), part("streams")]);
    let row = 0;
    while (row < data.rows && data.value("trial", row) !== id) row += 1;
    const dialog = document.getElementById("trial");
    const close = element("button", { type: "button", onclick: () => dialog.close() }, "Close");
    const title = element("h2", { id: "trial-head" }, id);
    const facts = row < data.rows
      ? data.names.filter((name) => name !== "trial" && data.value(name, row) !== null)
          .flatMap((name) => [element("dt", {}, name), element("dd", {}, shown(data.value(name, row)))])
      : [element("dt", {}, "not here"), element("dd", {}, "The page has no such trial.")];
    const texts = Object.entries(streams.trials[id] ?? {}).map(([name, at]) => {
      const text = element("pre", { tabIndex: 0 }, streams.texts[at]);
      return element("details", { open: name !== "driver.c" }, element("summary", {}, name), text);
    });
    const wrote = row < data.rows && (data.value("stdout_bytes", row) || data.value("stderr_bytes", row));
    if (wrote && !streams.trials[id])
      texts.push(element("p", { className: "soft" }, "What it wrote is left out here: the page would be too large."));
    const again = element("p", {}, "Run this trial again, from the run directory: ",
      element("code", {}, `sh 'trials/${id}/cmd.sh'`));
    dialog.replaceChildren(title, element("dl", {}, ...facts), ...texts, again, close);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  // The words of an address after `#`: trials?scenario=…, trial?trial=…
  function follow() {
    const [what, words = ""] = wordsOf(location.hash);
    if (what === "trial") {
      showTrial(new URLSearchParams(words).get("trial"));
    } else if (what === "trials") {
      states.set("trials", { text: "", equal: new Map(new URLSearchParams(words)), sort: null, down: false, most: AT_A_TIME });
      const place = document.getElementById("table-trials");
      if (!place) return;
      if (place.open) open("trials");
      place.open = true;
      place.querySelector(".controls input")?.setAttribute("value", "");
      place.scrollIntoView();
      place.querySelector("summary").focus({ preventScroll: true });
    }
  }

  function wordsOf(hash) {
    const [what, ...rest] = hash.slice(1).split("?");
    return [what, rest.join("?")];
  }

  const LIVE = `[data-place],[data-from]{cursor:pointer}[data-place]:focus,[data-from]:focus{outline:none}
    [data-place]:focus-visible rect,[data-place].on rect{stroke-width:3.5px}
    [data-from]:focus-visible path,[data-from].on path{stroke-width:4px}
    svg.some [data-from]:not(.on){opacity:.25}`;

  const last = (path) => path.slice(path.lastIndexOf("/") + 1);

  // What stands below a picture for one of its shapes: bindings by the object at the other end.
  async function bindings(shape, drawn) {
    if (!document.getElementById("data-bindings")) return [element("p", {}, "No binding was seen.")];
    const data = await table("bindings");
    const { place, from, to } = shape.dataset;
    const at = (where) => ({ lmid: Number(where.split(".")[0]), path: drawn.files[where] });
    const groups = new Map();
    for (let row = 0; row < data.rows; row += 1) {
      if (data.value("trial", row) !== drawn.trial || data.value("pid", row) !== 0) continue;
      const source = { lmid: data.value("from_lmid", row), path: data.value("from_path", row) };
      const target = { lmid: data.value("to_lmid", row), path: data.value("to_path", row) };
      const is = (end, where) => end.lmid === where.lmid && last(end.path) === last(where.path);
      let words = null;
      if (place) {
        if (is(source, at(place))) words = `to ${last(target.path)} in namespace ${target.lmid}`;
        else if (is(target, at(place))) words = `from ${last(source.path)} in namespace ${source.lmid}`;
      } else if (is(source, at(from)) && last(target.path) === last(at(to).path) && target.lmid === Number(shape.dataset.in)) {
        words = `${last(source.path)} → ${last(target.path)}`;
      }
      if (words === null) continue;
      const version = data.value("version", row);
      if (!groups.has(words)) groups.set(words, []);
      groups.get(words).push(data.value("symbol", row) + (version ? `@${version}` : ""));
    }
    return [...groups].flatMap(([words, symbols]) => [
      element("p", {}, element("b", {}, `${words}: ${symbols.length}`)),
      element("ul", {}, ...symbols.map((symbol) => element("li", {}, symbol))),
    ]);
  }

  function mark(svg, shape) {
    const { place } = shape?.dataset ?? {};
    svg.classList.toggle("some", Boolean(shape));
    svg.querySelectorAll("[data-place],[data-from]").forEach((other) => {
      const ends = [other.dataset.from, other.dataset.to];
      other.classList.toggle("on", other === shape || (place !== undefined && ends.includes(place)));
    });
  }

  function enliven(details, drawn) {
    const drawing = details.querySelector(".drawing");
    const root = drawing.shadowRoot ?? drawing.attachShadow({ mode: "open" });
    if (!root.querySelector("svg")) root.innerHTML = drawn.picture; // our own SVG; each text in it is escaped
    if (root.querySelector("style.live")) return;
    root.prepend(element("style", { className: "live" }, LIVE));
    const svg = root.querySelector("svg");
    svg.setAttribute("role", "group");
    svg.querySelectorAll("[data-place],[data-from]").forEach((shape) => {
      shape.setAttribute("tabindex", "0");
      shape.setAttribute("role", "button");
      shape.setAttribute("aria-label", shape.querySelector("title").textContent);
      shape.addEventListener("pointerenter", () => mark(svg, shape));
      shape.addEventListener("pointerleave", () => mark(svg, null));
      shape.addEventListener("focus", () => mark(svg, shape));
      shape.addEventListener("blur", () => mark(svg, null));
      const tell = async () => {
        const found = await bindings(shape, drawn);
        const head = element("h3", {}, shape.querySelector("title").textContent);
        details.querySelector(".bindings").replaceChildren(head, ...found);
      };
      shape.addEventListener("click", tell);
      shape.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        tell();
      });
    });
  }

  document.body.classList.add("live");
  document.querySelectorAll("details.table").forEach((place) => {
    place.addEventListener("toggle", () => place.open && open(place.dataset.table));
  });
  document.querySelectorAll("details.picture").forEach((details) => {
    const live = async () => details.open && enliven(details, (await part("pictures")).pictures[details.dataset.picture]);
    details.addEventListener("toggle", live);
    live();
  });
  document.getElementById("trial").addEventListener("close", () => {
    if (location.hash.startsWith("#trial?")) history.replaceState(null, "", location.pathname + location.search);
  });
  addEventListener("hashchange", follow);
  follow();
})();
