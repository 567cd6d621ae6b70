// Pointing at a model, or moving the keyboard's focus to it, marks those that are not significantly different from it.
(() => {
  "use strict";
  const mark = (row) => {
    const ties = row ? new Set(row.dataset.ties.split(" ")) : new Set();
    document.querySelectorAll(".board tr[data-model]").forEach((other) => {
      other.classList.toggle("tied", ties.has(other.dataset.model));
    });
  };
  for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(enter, (event) => mark(event.target.closest?.(".board tr[data-ties]")));
    document.addEventListener(leave, () => mark(null));
  }
})();
