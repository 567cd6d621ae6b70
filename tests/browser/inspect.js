// What is wrong with a page as it is drawn now: a list of sentences.
() => {
  const faults = [];
  const name = (element) => `${element.tagName.toLowerCase()}.${[...element.classList].join(".")} “${element.textContent.trim().slice(0, 40)}”`;
  const visible = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  const width = document.scrollingElement.scrollWidth;
  if (width > innerWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter((one) => visible(one) && one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll"));
    faults.push(`${width} px wide in ${innerWidth} px: ${wide.slice(0, 5).map(name).join("; ")}`);
  }

  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) {
    faults.push(`${headings} headings of the first level`);
  }

  for (const control of document.querySelectorAll("input:not([type=hidden]), select, textarea, progress")) {
    if (!control.labels?.length && !control.ariaLabel) {
      faults.push(`no label: ${control.name || control.outerHTML}`);
    }
  }

  // Contrast as WCAG 2 counts it, of every text on the colours of its ancestors; pictures behind text are not looked at.
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = css;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((value, at) => a * value + (1 - a) * under[at]);
  const ground = (element) => {
    const own = rgba(getComputedStyle(element).backgroundColor);
    if (own[3] === 1 || !element.parentElement) {
      return own[3] ? own.slice(0, 3) : [255, 255, 255];
    }
    return over(own, ground(element.parentElement));
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const element of document.body.querySelectorAll("*")) {
    const speaks = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!speaks || !visible(element) || element.closest("script, :disabled, .visually-hidden")) {
      continue;
    }
    const style = getComputedStyle(element);
    const behind = ground(element);
    const [light, dark] = [behind, over(rgba(element instanceof SVGElement ? style.fill : style.color), behind)]
      .map(luminance)
      .sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      faults.push(`contrast ${ratio.toFixed(2)}: ${name(element)}`);
    }
  }
  return faults;
};
