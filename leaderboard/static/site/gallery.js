// Draws a scan with what lies over it, jumps between places, and gives every act of the page its key.
(() => {
  "use strict";

  // Okabe–Ito: the reference standard orange as radiologists are, findings blue as models are.
  const COLOURS = { reference: [230, 159, 0], findings: [86, 180, 233], suspect: [204, 121, 167] };
  const everything = (selector) => [...document.querySelectorAll(selector)];
  const pressed = (buttons, chosen) => buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === chosen)));

  const data = document.getElementById("viewer-data");
  const root = document.querySelector("[data-viewer]");
  const places = everything("[data-mm]");
  let picture = null;
  let at = -1;

  const jump = (index) => {
    if (!places.length) {
      return;
    }
    at = (index + places.length) % places.length;
    places.forEach((place, number) => place.toggleAttribute("data-current", number === at));
    picture?.go(places[at].dataset.mm.split(" ").map(Number));
  };

  const draw = async (given) => {
    const canvas = root.querySelector("canvas");
    const state = root.querySelector("[data-state]");
    const readout = root.querySelector("[data-readout]");
    state.textContent = `Loading the scan, ${(given.bytes / 1e6).toFixed(1)} MB.`;
    const view = new niivue.Niivue({
      backColor: [0, 0, 0, 1],
      crosshairColor: [0.94, 0.89, 0.26, 0.9],
      crosshairWidth: 0.8,
      crosshairWidthUnit: "mm",
      crosshairGap: 12,
      dragAndDropEnabled: false,
      isRadiologicalConvention: true,
      multiplanarShowRender: 0,
      multiplanarForceRender: false,
      scrollRequiresFocus: true,
      loadingText: "",
      logLevel: "silent",
      viewModeHotKey: "",
      clipPlaneHotKey: "",
      cycleClipPlaneHotKey: "",
    });
    view.onLocationChange = ({ mm, values }) => {
      const hounsfield = values?.[0]?.value;
      const where = [...mm].slice(0, 3).map((value) => value.toFixed(1)).join(", ");
      readout.textContent = Number.isFinite(hounsfield) ? `${Math.round(hounsfield)} HU at ${where} mm` : `${where} mm`;
    };
    await view.attachToCanvas(canvas);
    const windows = everything("[data-low]");
    const first = windows[0].dataset;
    for (const [role, [r, g, b]] of Object.entries(COLOURS)) {
      view.addColormap(`gallery-${role}`, { R: [r, r], G: [g, g], B: [b, b], A: [0, 255], I: [0, 255] });
    }
    await view.loadVolumes([
      { url: given.scan, name: "ct.nii.gz", colormap: "gray", cal_min: Number(first.low), cal_max: Number(first.high) },
      ...given.layers.map(({ url, role }) => ({
        url,
        name: `${role}.nii.gz`,
        colormap: `gallery-${role}`,
        opacity: 0.5,
        cal_min: 0,
        cal_max: 1,
      })),
    ]);

    const wider = (chosen) => {
      pressed(windows, chosen);
      view.volumes[0].cal_min = Number(chosen.dataset.low);
      view.volumes[0].cal_max = Number(chosen.dataset.high);
      view.updateGLVolume();
    };
    windows.forEach((button) => button.addEventListener("click", () => wider(button)));
    pressed(windows, windows[0]);

    const planes = everything("[data-plane]");
    planes.forEach((button) => button.addEventListener("click", () => {
      pressed(planes, button);
      view.setSliceType(Number(button.dataset.plane));
    }));
    const start = planes.find((button) => button.dataset.plane === (canvas.clientWidth < 600 ? "0" : "3"));
    pressed(planes, start);
    view.setSliceType(Number(start.dataset.plane));

    const opacity = root.querySelector("[data-opacity]");
    const layers = everything("[data-layer]");
    const shade = () => layers.forEach((box) => view.setOpacity(Number(box.dataset.layer), box.checked ? opacity.value / 100 : 0));
    [opacity, ...layers].forEach((control) => control.addEventListener("input", shade));

    picture = {
      clear: () => {
        const shown = layers.some((box) => box.checked);
        layers.forEach((box) => { box.checked = !shown; });
        shade();
      },
      go: (mm) => {
        view.scene.crosshairPos = view.mm2frac(mm);
        view.createOnLocationChange();
        view.drawScene();
      },
    };
    picture.go(given.start || [...view.frac2mm(view.scene.crosshairPos)].slice(0, 3));
    root.querySelector(".tools").hidden = false;
    state.textContent = "Drawn. Patient’s right is at the left.";
    root.dataset.drawn = "yes";
  };

  places.forEach((place, index) => place.addEventListener("click", () => jump(index)));

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("textarea")) {
      event.target.blur();
      return;
    }
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox], [type=range]), select, textarea")) {
      return;
    }
    const key = event.key.toLowerCase();
    if (key === "n" || key === "p") {
      jump(at + (key === "n" ? 1 : at < 0 ? 0 : -1));
      return;
    }
    if (key === "o") {
      picture?.clear();
      return;
    }
    const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  });

  if (data && root) {
    draw(JSON.parse(data.textContent)).catch((error) => {
      root.querySelector("[data-state]").textContent = `The picture could not be drawn (${error.message}). The lists on this page hold its numbers; another browser may draw it.`;
    });
  }
})();
