import { fill, h } from "./dom.js";
import { act, store } from "./store.js";
import { drawWishlists } from "./wishlists.js";
import { time, word } from "./words.js";

const by = (id) => document.querySelector(id);
const CLOCK_MS = 5_000;
let isLogOpen = false;

/** What happens around the bot: wishlists, the site, the clock, the bot's own process. */
export function drawWorld() {
  const { site, clock, bot } = store.view;
  drawWishlists();
  fill(by("#site"), site, () => drawSite(site));
  drawClock(clock);
  fill(by("#bot"), bot, () => drawBot(bot));
}

function drawSite({ trouble }) {
  const names = { "": "siteWorks", down: "siteDown", 429: "site429", captcha: "siteCaptcha", empty: "siteEmpty" };
  const order = ["", "down", "429", "captcha", "empty"];
  const choices = order.map((value) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio",
        name: "trouble",
        value,
        checked: (trouble ?? "") === value,
        "data-key": `site${value}`,
        onchange: () => act("site", { trouble: value }),
      }),
      h("span", {}, word(names[value])),
    ),
  );
  return [h("fieldset", {}, h("legend", {}, word("site")), h("div", { class: "choices" }, choices))];
}

// It goes on by itself.
setInterval(() => store.view && drawClock(store.view.clock), CLOCK_MS);

function drawClock({ aheadMs }) {
  const now = Date.now() + aheadMs;
  const here = new Intl.DateTimeFormat(document.documentElement.lang, {
    hourCycle: "h23",
    dateStyle: "medium",
    timeStyle: "short",
  }).format(now);
  const zone = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Europe/Moscow" };
  const moscow = new Intl.DateTimeFormat(document.documentElement.lang, zone).format(now);
  fill(by("#clock"), [here, moscow], () => {
    const jumps = [
      [10, word("minute", { count: 10 })],
      [60, word("hour", { count: 1 })],
      [480, word("hour", { count: 8 })],
      [1440, word("day")],
    ];
    return [
      h(
        "fieldset",
        {},
        h("legend", {}, word("clock")),
        h("p", { class: "now" }, h("b", {}, here), moscow !== time(now) && ` · ${word("moscow", { time: moscow })}`),
        h(
          "div",
          { class: "row" },
          jumps.map(([minutes, label]) =>
            h(
              "button",
              {
                type: "button",
                class: "quiet",
                "data-key": `j${minutes}`,
                onclick: () => act("clock", { minutes }),
              },
              `+${label}`,
            ),
          ),
        ),
        h("small", {}, word("clockNote")),
      ),
    ];
  });
}

function drawBot({ status, pid, lastWords }) {
  const state = word(status, { pid });
  const press = (how) => () => act("bot", { how });
  return [
    h(
      "fieldset",
      {},
      h("legend", {}, word("botTitle")),
      h("p", { class: "now" }, h("b", {}, state)),
      lastWords && h("pre", { tabindex: "0" }, lastWords),
      h(
        "div",
        { class: "row" },
        h(
          "button",
          { type: "button", class: "quiet", "data-key": "restart", onclick: press("restart") },
          word("restart"),
        ),
        h("button", { type: "button", class: "quiet", "data-key": "kill", onclick: press("kill") }, word("kill")),
      ),
      h("small", {}, word("restartNote"), " ", word("killNote")),
      h(
        "details",
        { open: isLogOpen, ontoggle: toggleLog },
        h("summary", {}, word("log")),
        h("pre", { id: "log", tabindex: "0", "aria-label": word("log") }),
      ),
    ),
  ];
}

function toggleLog({ target }) {
  isLogOpen = target.open;
  drawLog();
}

/** The bot's log, while it is unfolded. */
export function drawLog() {
  const lines = by("#log");
  if (lines === null || !lines.parentElement.open) return;
  const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  lines.textContent = store.log.map(readLine).join("\n");
  if (isAtEnd) lines.scrollTop = lines.scrollHeight;
}

function readLine(line) {
  try {
    const { level, time: at, msg, pid, hostname, ...fields } = JSON.parse(line);
    const rest = Object.entries(fields).map(
      ([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`,
    );
    return `${time(new Date(at))} ${level} ${msg} ${rest.join(" ")}`;
  } catch {
    return line;
  }
}
