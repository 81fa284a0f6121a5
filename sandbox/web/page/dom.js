/**
 * Makes an element. `on<event>` properties are listeners, `null`, `undefined` and `false` are left out, everything else is
 * an attribute; what is not a node becomes text, so that nothing that anybody wrote is ever markup.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A button that is a picture; its name is for those who cannot see it and for the mouse. */
export function iconButton(name, label, properties) {
  return h("button", { type: "button", class: "icon", "aria-label": label, title: label, ...properties }, icon(name));
}

/** A round picture of somebody: the first letter on a colour that is always the same. */
export function avatar(id, title, isBot = false) {
  const round = h("span", { class: isBot ? "avatar bot" : "avatar", "aria-hidden": "true" });
  round.textContent = isBot ? "🔔" : ([...title.trim()][0] ?? "?");
  round.style.setProperty("--hue", Math.abs(id * 47) % 360);
  return round;
}

const shown = new WeakMap();

/** Shows in `container` what `build` makes of `data`, if that is anything new; whoever has the focus keeps it. */
export function fill(container, data, build) {
  const text = JSON.stringify([document.documentElement.lang, data]);
  if (shown.get(container) === text) return;
  shown.set(container, text);
  keepFocus(container, () => container.replaceChildren(...[build(data)].flat().filter(Boolean)));
}

/** Elements with the same `data-key` before and after a change are the same to a keyboard. */
export function keepFocus(container, change) {
  const active = container.contains(document.activeElement) ? document.activeElement : undefined;
  const key = active?.closest("[data-key]")?.dataset.key;
  change();
  if (active === undefined || active.isConnected) return;
  const keyed = [...container.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
  const next = keyed?.matches("button, input, select, summary") ? keyed : keyed?.querySelector("button");
  (next ?? container.closest("[tabindex]"))?.focus({ preventScroll: true });
}

const menu = document.querySelector("#menu");

/** A list of things to do beside the button that asked for it. */
export function openMenu(anchor, items) {
  const close = () => menu.hidePopover();
  const buttons = items.map(({ label, note, act, disabled }) =>
    h(
      "button",
      {
        type: "button",
        disabled,
        onclick: () => {
          close();
          act();
        },
      },
      label,
      note && h("small", {}, note),
    ),
  );
  menu.replaceChildren(...buttons);
  menu.showPopover({ source: anchor });
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const fitsBelow = bottom + menu.offsetHeight < window.innerHeight;
  menu.style.left = `${Math.max(Math.min(left, window.innerWidth - menu.offsetWidth - 8), 8)}px`;
  menu.style.top = `${Math.max(fitsBelow ? bottom : top - menu.offsetHeight, 8)}px`;
  buttons.find((button) => !button.disabled)?.focus();
}

menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const buttons = [...menu.querySelectorAll("button:enabled")];
  const next = buttons.indexOf(document.activeElement) + step;
  buttons.at(next % buttons.length)?.focus();
});

const dialog = document.querySelector("#dialog");

/**
 * Asks in a dialog. A field is `{ name, label, value?, type?, options? }`; gives the values by name, or undefined when it
 * was cancelled.
 */
export function ask({ title, fields = [], yes, no }) {
  return new Promise((resolve) => {
    const inputs = fields.map(({ name, label, value = "", type = "text", options, required = true, ...more }) => {
      const input = options
        ? h(
            "select",
            { name },
            options.map(([key, text]) => h("option", { value: key }, text)),
          )
        : h("input", { name, type, required, autocomplete: "off", dir: "auto", ...more });
      input.value = value === "" && options ? options[0][0] : value;
      return h("label", {}, label, input);
    });
    let answer;
    const form = h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          answer = Object.fromEntries(new FormData(form));
          dialog.close();
        },
      },
      h("p", { id: "dialog-title" }, title.replace(/…$/, "")),
      inputs,
      h(
        "div",
        { class: "row end" },
        no && h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, no),
        h("button", { class: "accent" }, yes),
      ),
    );
    dialog.setAttribute("aria-labelledby", "dialog-title");
    dialog.replaceChildren(form);
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
  });
}

const toasts = document.querySelector("#toasts");
const TOAST_MS = 5_000;

/** A note that goes by itself. */
export function toast(text) {
  const note = h("p", {}, text);
  toasts.append(note);
  while (toasts.children.length > 3) toasts.firstChild.remove();
  setTimeout(() => note.remove(), TOAST_MS);
}
