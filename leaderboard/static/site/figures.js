// Draws every figure of a page. The numbers arrive as JSON beside each figure; type, grid and colours come from the page's theme,
// so a figure says only the role of a trace ("model-1", "reader", "null") in its meta.
(() => {
  "use strict";
  const config = { responsive: true, displaylogo: false, showSendToCloud: false, displayModeBar: false };

  // A custom property such as light-dark(…) has no colour until an element wears it.
  const colour = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const faded = (rgb, alpha) => rgb.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

  const axis = (given = {}) => ({
    zeroline: false,
    showline: false,
    gridcolor: colour("grid"),
    linecolor: colour("rule"),
    ticks: "",
    automargin: true,
    ...given,
    title: { ...given.title, font: { size: 13 } },
  });

  // Whichever the scale, the cells carry their words: colour is never alone.
  const scales = {
    rising: () => [[0, faded(colour("model-1"), 0.03)], [1, faded(colour("model-1"), 0.5)]],
    apart: () => [[0, faded(colour("warn"), 0.5)], [0.5, faded(colour("muted"), 0.06)], [1, faded(colour("model-1"), 0.5)]],
  };
  const themedHeatmap = (trace) => ({
    ...trace,
    colorscale: scales[trace.meta.scale](),
    showscale: false,
    xgap: 2,
    ygap: 2,
    hoverongaps: false,
    textfont: { color: colour("text"), size: 12 },
    hoverlabel: { bgcolor: colour("ground"), bordercolor: colour("rule"), font: { color: colour("text") } },
  });

  const themedTrace = (trace) => {
    if (trace.type === "heatmap") {
      return themedHeatmap(trace);
    }
    const own = colour(trace.meta?.role || "model-1");
    const themed = { ...trace, hoverlabel: { bgcolor: colour("ground"), bordercolor: own, font: { color: colour("text") } } };
    themed.marker = { size: 9, ...trace.marker, color: own };
    themed.line = { width: 2, ...trace.line, color: own };
    if (trace.fill) {
      themed.fillcolor = faded(own, 0.16);
    }
    for (const name of ["error_x", "error_y"]) {
      if (trace[name]) {
        themed[name] = { thickness: 2, width: 0, ...trace[name], color: own };
      }
    }
    if (trace.text) {
      themed.textfont = { color: own, size: 13 };
    }
    return themed;
  };

  const themedLayout = (layout) => {
    const text = colour("text");
    const themed = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "Inter, system-ui, sans-serif", size: 13, color: text },
      margin: { t: 12, r: 16, b: 48, l: 56 },
      showlegend: false,
      hovermode: "closest",
      dragmode: false,
      ...layout,
    };
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(name)) {
        themed[name] = axis(layout[name]);
      }
    }
    themed.xaxis ??= axis();
    themed.yaxis ??= axis();
    themed.shapes = (layout.shapes || []).map((shape) => {
      const own = colour(shape.name || "muted");
      return shape.type === "rect"
        ? { layer: "below", ...shape, fillcolor: faded(own, 0.18), line: { width: 0 } }
        : { layer: "below", ...shape, line: { width: 1, ...shape.line, color: own } };
    });
    themed.annotations = (layout.annotations || []).map((note) => ({
      showarrow: false,
      ...note,
      font: { size: 13, color: colour(note.name || "muted") },
    }));
    return themed;
  };

  const draw = (figure) => {
    const numbers = figure.querySelector('script[type="application/json"]');
    if (!numbers) {
      return; // nothing to draw: the caption says why
    }
    const given = JSON.parse(numbers.textContent);
    const area = figure.querySelector(".area");
    Plotly.react(area, given.data.map(themedTrace), themedLayout(given.layout), config);
  };
  const drawAll = (root) => root.querySelectorAll("figure.plot").forEach(draw);

  document.addEventListener("DOMContentLoaded", () => {
    drawAll(document);
    document.addEventListener("themechange", () => drawAll(document));
    document.addEventListener("htmx:afterSwap", (event) => drawAll(event.target));
  });
})();
