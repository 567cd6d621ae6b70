// Pointing at a model, or moving the keyboard's focus to it, marks those that are not significantly different from it,
// and names them in a line under the table.
(() => {
  "use strict";
  const NAMED = 8;
  const nameOf = (row) => row.querySelector("th a")?.textContent ?? "";
  const say = (row, tied) => {
    const line = row?.closest(".scroll")?.nextElementSibling;
    if (!line?.hasAttribute("data-tied")) {
      return;
    }
    const names = tied.slice(0, NAMED).map(nameOf).join(", ");
    const more = tied.length > NAMED ? ` and ${tied.length - NAMED} more` : "";
    line.textContent = tied.length
      ? `Not significantly different from ${nameOf(row)}: ${names}${more}.`
      : `${nameOf(row)} is significantly different from every other ranked model.`;
  };
  const mark = (row, aloud) => {
    const ties = row ? new Set(row.dataset.ties.split(" ")) : new Set();
    const tied = [];
    document.querySelectorAll(".board tr[data-model]").forEach((other) => {
      const is = ties.has(other.dataset.model);
      other.classList.toggle("tied", is);
      if (is) {
        tied.push(other);
      }
    });
    if (row && aloud && !row.classList.contains("unranked")) {
      say(row, tied);
    }
  };
  for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(enter, (event) => mark(event.target.closest?.(".board tr[data-ties]"), true));
    document.addEventListener(leave, () => mark(null, false));
  }
})();
