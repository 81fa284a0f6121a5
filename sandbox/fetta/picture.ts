import { createHash } from "node:crypto";

const SIZE = 480;

/** What goods look like, by a word of their names; the first that fits. */
const looks: [RegExp, string][] = [
  [/keyboard|клавиатур/i, "⌨️"],
  [/headphone|наушник/i, "🎧"],
  [/webcam|camera|камер/i, "📷"],
  [/micro|mic\b|микрофон|pop filter/i, "🎙️"],
  [/ring light|кольцевой/i, "🔆"],
  [/lamp|light|ламп|свет/i, "💡"],
  [/cat|кошк|кош/i, "🐈"],
  [/tea|чай/i, "🍵"],
  [/cup|mug|кружк/i, "☕"],
  [/blanket|плед|нитк/i, "🧶"],
  [/paint|watercolou?r|акварел|кист|sketch|скетч|планшет/i, "🎨"],
  [/puzzle|пазл/i, "🧩"],
  [/toy|игрушк/i, "🧸"],
  [/chair|кресл/i, "🪑"],
  [/adapter|cable|usb|кабел/i, "🔌"],
  [/tool|отв[её]рт/i, "🪛"],
  [/radio|рация/i, "📻"],
  [/book|книг/i, "📚"],
  [/ковёр|carpet|rug/i, "🏠"],
];

/** A picture of a thing as SVG: the same each time for the same address. */
export function drawPicture(address: string, name: string): string {
  const [a = 0, b = 0, c = 0] = createHash("sha256").update(address).digest();
  const hue = Math.round((a / 256) * 360);
  const look = looks.find(([word]) => word.test(name))?.[1] ?? "🎁";
  const [x, y] = [60 + (b / 256) * 360, 40 + (c / 256) * 160];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE / 2}" width="${SIZE}" height="${SIZE / 2}">
<rect width="100%" height="100%" fill="hsl(${hue} 50% 82%)"/>
<circle cx="${x.toFixed(0)}" cy="${y.toFixed(0)}" r="150" fill="hsl(${(hue + 40) % 360} 55% 74%)"/>
<ellipse cx="240" cy="200" rx="92" ry="13" fill="#000" opacity=".14"/>
<text x="240" y="122" font-size="132" text-anchor="middle" dominant-baseline="central">${look}</text>
</svg>`;
}
