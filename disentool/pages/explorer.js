"use strict";

// Every explorer of the page: its frames lie in sheets, one for each image to start from (first row: the image itself
// as decoded; then a row for each slider, a column for each value), and one for the pad (the highest row first).
function explore(root, keys) {
  const data = JSON.parse(root.querySelector("script").textContent);
  const picture = root.querySelector(".picture");
  const readout = root.querySelector(".readout");
  const sliders = [...root.querySelectorAll("input[data-axis]")];
  const radios = [...root.querySelectorAll(".bases input")];
  const field = root.querySelector(".field");
  const across = root.querySelector(".across");
  const up = root.querySelector(".up");
  const loaded = new Map();
  // What is shown: the base with nothing moved; with one axis at one of its places; or with two, on the pad.
  const shown = { base: 0, axis: null, place: 0, pad: false };

  function sheet(base, which) {
    const key = base + "/" + which;
    if (!loaded.has(key)) {
      const image = new Image();
      const entry = { image, ready: false };
      loaded.set(key, entry);
      image.src = data.sheets[base][which];
      image.decode().then(() => { entry.ready = true; draw(); });
    }
    const entry = loaded.get(key);
    return entry.ready ? entry.image : null;
  }

  function frame(canvas, image, row, column) {
    const { width, height } = data;
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(image, column * width, row * height, width, height, 0, 0, width, height);
  }

  function draw() {
    const image = sheet(shown.base, 0);
    const spread = data.pad ? sheet(shown.base, 1) : null;
    if (image && !shown.pad) {
      frame(picture, image, shown.axis === null ? 0 : shown.axis + 1, shown.axis === null ? 0 : shown.place);
    }
    if (image) {
      for (const slider of sliders) {
        const [low, high] = slider.closest(".slider").querySelectorAll(".end");
        frame(low, image, Number(slider.dataset.axis) + 1, 0);
        frame(high, image, Number(slider.dataset.axis) + 1, Number(slider.max));
      }
    }
    if (spread) {
      if (shown.pad) frame(picture, spread, Number(up.max) - Number(up.value), Number(across.value));
      drawField(spread);
    }
  }

  // The pad: all its frames, and a ring around the one that is shown.
  function drawField(spread) {
    const columns = Number(across.max) + 1, rows = Number(up.max) + 1;
    field.width = columns * data.width;
    field.height = rows * data.height;
    const context = field.getContext("2d");
    context.drawImage(spread, 0, 0);
    if (!shown.pad) return;
    const line = Math.max(2, Math.round(Math.min(data.width, data.height) / 12));
    context.lineWidth = line;
    context.strokeStyle = getComputedStyle(root).getPropertyValue("--accent") || "orange";
    const x = Number(across.value) * data.width, y = (rows - 1 - Number(up.value)) * data.height;
    context.strokeRect(x + line / 2, y + line / 2, data.width - line, data.height - line);
  }

  // All values of a slider have as many decimals.
  function amount(axis, value) {
    const { unit, amounts } = data.axes[axis];
    if (unit === "class") return "class " + value;
    const most = Math.max(...amounts.flat().map(Math.abs));
    const decimals = most >= 100 ? 0 : most >= 0.1 ? 2 : 3;
    const plain = Math.abs(value).toLocaleString("en", {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals,
    });
    const text = (Number(plain.replaceAll(",", "")) === 0 ? "" : value > 0 ? "+" : "−") + plain;
    return unit ? text + " " + unit : text;
  }

  function nearest(values, at) {
    let best = 0;
    values.forEach((value, place) => { if (Math.abs(value - at) < Math.abs(values[best] - at)) best = place; });
    return best;
  }

  function tell(input, axis, value) {
    const text = amount(axis, value);
    input.setAttribute("aria-valuetext", text);
    input.closest(".slider").querySelector("output").textContent = text;
  }

  // A slider that is not moved stands where the image itself is, or at the end that is nearer to it.
  function settle(input, axis, values) {
    const at = data.axes[axis].at[shown.base];
    const slider = input.closest(".slider");
    input.value = at === null ? 0 : nearest(values, at);
    const low = values[0], high = values[values.length - 1];
    const inside = at !== null && at >= low && at <= high;
    const mark = slider.querySelector(".mark");
    mark.hidden = !inside;
    if (inside && high > low) mark.style.setProperty("--at", String((at - low) / (high - low)));
    slider.classList.remove("moved");
    if (at === null) tell(input, axis, values[0]); else tell(input, axis, at);
  }

  function rest(except) {
    for (const input of sliders) {
      const axis = Number(input.dataset.axis);
      if (input !== except) settle(input, axis, data.axes[axis].amounts[shown.base]);
    }
    if (data.pad && except !== across && except !== up) {
      settle(across, data.pad.x, data.pad.across[shown.base]);
      settle(up, data.pad.y, data.pad.up[shown.base]);
    }
  }

  function say() {
    const image = data.sheets.length > 1 ? "image " + (shown.base + 1) : "the image";
    let text = image + ", as the model makes it";
    if (shown.pad) {
      const x = data.pad.across[shown.base][Number(across.value)], y = data.pad.up[shown.base][Number(up.value)];
      text = image + " with " + data.axes[data.pad.x].name + " at " + amount(data.pad.x, x)
        + " and " + data.axes[data.pad.y].name + " at " + amount(data.pad.y, y);
    } else if (shown.axis !== null) {
      const value = data.axes[shown.axis].amounts[shown.base][shown.place];
      const unit = data.axes[shown.axis].relative ? " moved by " : " at ";
      text = image + " with " + data.axes[shown.axis].name + unit + amount(shown.axis, value);
    }
    readout.textContent = text[0].toUpperCase() + text.slice(1);
    picture.setAttribute("aria-label", readout.textContent);
  }

  function move(input) {
    const axis = Number(input.dataset.axis);
    Object.assign(shown, { axis, place: Number(input.value), pad: false });
    rest(input);
    input.closest(".slider").classList.add("moved");
    tell(input, axis, data.axes[axis].amounts[shown.base][shown.place]);
    say();
    draw();
  }

  function movePad() {
    Object.assign(shown, { axis: null, pad: true });
    rest(across);
    for (const [input, axis, values] of [[across, data.pad.x, data.pad.across], [up, data.pad.y, data.pad.up]]) {
      input.closest(".slider").classList.add("moved");
      tell(input, axis, values[shown.base][Number(input.value)]);
    }
    say();
    draw();
  }

  function back(base) {
    Object.assign(shown, { base, axis: null, pad: false });
    if (radios.length) radios[base].checked = true;
    rest(null);
    say();
    draw();
  }

  function point(event) {
    if (event.buttons === 0 && event.type === "pointermove") return;
    const box = field.getBoundingClientRect();
    const share = (value, low, size, last) => Math.min(last, Math.max(0, Math.floor((value - low) / size * (last + 1))));
    across.value = share(event.clientX, box.left, box.width, Number(across.max));
    up.value = Number(up.max) - share(event.clientY, box.top, box.height, Number(up.max));
    movePad();
  }

  picture.style.width = data.width * Number(picture.dataset.scale) + "px";
  for (const input of sliders) input.addEventListener("input", () => move(input));
  for (const radio of radios) radio.addEventListener("change", () => back(Number(radio.value)));
  root.querySelector(".reset").addEventListener("click", () => back(shown.base));
  if (data.pad) {
    for (const input of [across, up]) input.addEventListener("input", movePad);
    field.addEventListener("pointerdown", (event) => { field.setPointerCapture(event.pointerId); point(event); });
    field.addEventListener("pointermove", point);
  }
  keys.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = event.key >= "1" && event.key <= "9" ? Number(event.key) - 1 : null;
    if (event.key === "Escape") back(shown.base);
    else if (digit !== null && digit < data.sheets.length) back(digit);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);  // the ring has the page's colour
  back(0);
}

const explorers = [...document.querySelectorAll(".explorer")];
for (const root of explorers) explore(root, explorers.length === 1 ? document : root);
