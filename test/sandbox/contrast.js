/**
 * Run in the page: every text that can be seen and stands out from its background by less than WCAG 2.2 AA asks for
 * (1.4.3: 4.5, or 3 when it is large), as "ratio text (foreground on background)".
 */
(() => {
  const parse = (color) => {
    const [, kind, values] = /^(rgba?|color\(srgb)[( ]?([^)]*)/.exec(color) ?? [];
    if (values === undefined) throw new Error(`What colour is ${color}?`);
    const [r, g, b, alpha = 1] = values.match(/[\d.]+/g).map(Number);
    const scale = kind.startsWith("color") ? 255 : 1;
    return { rgb: [r * scale, g * scale, b * scale], alpha };
  };
  const over = (top, bottom) => top.rgb.map((value, n) => value * top.alpha + bottom[n] * (1 - top.alpha));
  const backgroundOf = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (text === "" || !element.checkVisibility({ visibilityProperty: true }) || element.closest(":disabled, .unseen"))
      continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const ink = parse(color);
    // Colour is no part of what these look like: an emoji, and what is hidden on purpose.
    if (ink.alpha === 0 || /^(?:\p{Extended_Pictographic}|\ufe0f|\s)+$/u.test(text)) continue;
    const background = backgroundOf(element);
    const [light, dark] = [luminance(over(ink, background)), luminance(background)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = Number.parseFloat(fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${text.slice(0, 40)} (${color} on ${background})`);
  }
  return [...new Set(found)];
})();
