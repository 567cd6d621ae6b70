// People as dots: everyone screened, the cancers among them, and whom a model flags. One dot is one person, also when there are a
// million of them; the lens enlarges the neighbourhood under the pointer or the arrow keys.
(() => {
  "use strict";
  const LENS_PEOPLE = 90; // people across the lens

  // mulberry32: the same picture at every visit
  const random = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  const colour = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const rgb = getComputedStyle(probe).color.match(/\d+/g).map(Number);
    probe.remove();
    return rgb;
  };

  // Who is where: 0 nobody's concern, 1 false alarm, 2 cancer found, 3 cancer missed.
  const crowd = ({ population, found, missed, false_alarms: falseAlarms }) => {
    const kinds = new Uint8Array(population);
    const next = random(20261123);
    const place = (count, kind) => {
      for (let left = count; left > 0; ) {
        const at = Math.floor(next() * population);
        if (kinds[at] === 0) {
          kinds[at] = kind;
          left -= 1;
        }
      }
    };
    place(missed, 3);
    place(found, 2);
    place(falseAlarms, 1);
    return kinds;
  };

  const person = (pen, kind, x, y, radius, paint) => {
    pen.beginPath();
    pen.arc(x, y, radius * (kind > 1 ? 1.25 : 1), 0, 2 * Math.PI);
    if (kind === 3) {
      pen.strokeStyle = paint.text;
      pen.lineWidth = Math.max(1.5, radius * 0.35);
      pen.stroke();
      return;
    }
    pen.fillStyle = kind === 0 ? paint.people : kind === 1 ? paint.flag : paint.text;
    pen.fill();
    if (kind === 2) {
      pen.strokeStyle = paint.flag;
      pen.lineWidth = Math.max(1.5, radius * 0.5);
      pen.stroke();
    }
  };

  const paints = () => {
    const [people, flag, text] = [colour("null"), colour("accent"), colour("text")];
    const css = (rgb, alpha = 1) => `rgba(${rgb.join(",")},${alpha})`;
    return { rgb: { people, flag }, people: css(people, 0.45), flag: css(flag), text: css(text) };
  };

  // Whole rows where the number of people allows it.
  const columnsFor = (population, ratio) => {
    const wanted = Math.ceil(Math.sqrt(population / ratio));
    for (let off = 0; off < wanted / 5; off += 1) {
      for (const columns of [wanted + off, wanted - off]) {
        if (population % columns === 0) {
          return columns;
        }
      }
    }
    return wanted;
  };

  const drawCrowd = (canvas, kinds, paint) => {
    const columns = columnsFor(kinds.length, canvas.clientWidth < 600 ? 1 : 0.4);
    const pitch = Math.max(1, Math.round((canvas.clientWidth * (window.devicePixelRatio || 1)) / columns));
    const width = columns * pitch;
    const height = Math.ceil(kinds.length / columns) * pitch;
    canvas.width = width;
    canvas.height = height;
    const pen = canvas.getContext("2d");
    if (pitch > 4) {
      kinds.forEach((kind, at) => {
        person(pen, kind, ((at % columns) + 0.5) * pitch, (Math.floor(at / columns) + 0.5) * pitch, pitch * 0.3, paint);
      });
      return { columns, pitch };
    }
    const image = pen.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const packed = ([r, g, b], alpha) => (alpha << 24) | (b << 16) | (g << 8) | r;
    const ordinary = packed(paint.rgb.people, 62);
    const flagged = packed(paint.rgb.flag, 255);
    const cancers = [];
    kinds.forEach((kind, at) => {
      const x = (at % columns) * pitch;
      const y = Math.floor(at / columns) * pitch;
      if (kind < 2) {
        for (let dy = 0; dy < Math.max(1, pitch - 1); dy += 1) {
          pixels.fill(kind ? flagged : ordinary, (y + dy) * width + x, (y + dy) * width + x + Math.max(1, pitch - 1));
        }
      } else {
        cancers.push([kind, x, y]);
      }
    });
    pen.putImageData(image, 0, 0);
    cancers.forEach(([kind, x, y]) => person(pen, kind, x, y, 2.6 * Math.max(1, width / canvas.clientWidth), paint));
    return { columns, pitch };
  };

  const drawLens = (lens, kinds, columns, at, paint) => {
    const scale = window.devicePixelRatio || 1;
    const across = lens.clientWidth < 600 ? LENS_PEOPLE / 3 : LENS_PEOPLE;
    const width = lens.clientWidth * scale;
    const pitch = width / across;
    const down = lens.clientWidth < 600 ? 14 : 10;
    lens.width = width;
    lens.height = pitch * down;
    const pen = lens.getContext("2d");
    const rows = Math.ceil(kinds.length / columns);
    const left = Math.max(0, Math.min(columns - across, Math.round(at.x - across / 2)));
    const top = Math.max(0, Math.min(rows - down, Math.round(at.y - down / 2)));
    for (let y = 0; y < down; y += 1) {
      for (let x = 0; x < across; x += 1) {
        const kind = kinds[(top + y) * columns + left + x];
        if (kind !== undefined) {
          person(pen, kind, (x + 0.5) * pitch, (y + 0.5) * pitch, pitch * 0.26, paint);
        }
      }
    }
  };

  const bind = (figure) => {
    if (figure.dataset.drawn) {
      return;
    }
    figure.dataset.drawn = "yes";
    const canvas = figure.querySelector("canvas.crowd");
    const lens = figure.querySelector("canvas.lens");
    const kinds = crowd(JSON.parse(figure.querySelector('script[type="application/json"]').textContent));
    const at = { x: 0, y: 0 };
    let grid = null;
    let width = 0;
    const look = () => lens && drawLens(lens, kinds, grid.columns, at, paints());
    const draw = () => {
      width = canvas.clientWidth;
      grid = drawCrowd(canvas, kinds, paints());
      if (!at.x) {
        const found = kinds.indexOf(2, Math.floor(kinds.length / 2)); // begin where there is something to see
        at.x = Math.max(found, 0) % grid.columns;
        at.y = Math.floor(Math.max(found, 0) / grid.columns);
      }
      look();
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const pitch = (grid.pitch * box.width) / canvas.width;
      at.x = (event.clientX - box.left) / pitch;
      at.y = (event.clientY - box.top) / pitch;
      look();
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-9, 0], ArrowRight: [9, 0], ArrowUp: [0, -4], ArrowDown: [0, 4] }[event.key];
      if (step && lens) {
        event.preventDefault();
        at.x = Math.max(0, Math.min(grid.columns, at.x + step[0]));
        at.y = Math.max(0, Math.min(kinds.length / grid.columns, at.y + step[1]));
        look();
      }
    });
    new ResizeObserver(() => canvas.clientWidth !== width && draw()).observe(canvas);
    document.addEventListener("themechange", () => figure.isConnected && draw());
  };

  const bindAll = () => document.querySelectorAll("figure.dots").forEach(bind);
  document.addEventListener("DOMContentLoaded", bindAll);
  document.addEventListener("htmx:afterSettle", bindAll);
})();
