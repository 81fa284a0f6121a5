import { ask, fill, h, icon, iconButton } from "./dom.js";
import { act, go, store } from "./store.js";
import { rubles, word } from "./words.js";

const by = (id) => document.querySelector(id);
const SHOWN = 8;
/** By their owners: what is unfolded, and what is shown to its end. */
const open = new Set();
const wholeLists = new Set();

/** The wishlists of the site, to be changed. */
export function drawWishlists() {
  const { streamers } = store.view;
  const sections = by("#streamers");
  if (sections.childElementCount === 0 && streamers[0]) open.add(streamers[0].ownerId);
  // Each list by itself: what is being typed into a form is not lost when another one changes.
  const ids = [...streamers.map(({ ownerId }) => ownerId), "new"];
  fill(sections, ids, () => ids.map((id) => h("div", { id: `w${id}` })));
  for (const streamer of streamers) drawStreamer(by(`#w${streamer.ownerId}`), streamer);
  fill(by("#wnew"), 0, () => [
    h("button", { type: "button", class: "quiet", onclick: newStreamer }, icon("plus"), word("newStreamer")),
  ]);
}

/** Shows a streamer's wishlist; gives whether there is one with this nickname. */
export function showStreamer(nickname) {
  const streamer = store.view.streamers.find((one) => one.nickname.toLowerCase() === nickname.toLowerCase());
  if (streamer === undefined) return false;
  go({ pane: "world" });
  const details = by(`#w${streamer.ownerId} details`);
  details.open = true;
  details.querySelector("summary").focus();
  return true;
}

function drawStreamer(container, streamer) {
  const { ownerId, nickname, name, isPrivate, isWatched, items, idea } = streamer;
  if (container.childElementCount === 0) {
    const toggle = ({ target }) => (target.open ? open.add(ownerId) : open.delete(ownerId));
    const parts = ["summary", "form", "ul", "div"].map((tag) => h(tag, {}));
    const details = h("details", { name: "streamer", open: open.has(ownerId), ontoggle: toggle }, parts);
    parts[1].addEventListener("submit", (event) => addWish(event, ownerId));
    container.append(details);
  }
  const [summary, form, list, foot] = container.firstChild.children;
  summary.dataset.key = `s${ownerId}`;
  fill(summary, [name, nickname, items.length, isPrivate, isWatched], () => [
    h("span", { class: "name" }, name),
    h("span", { class: "said" }, `@${nickname}, ${word("wishes", { count: items.length })}`),
    h(
      "span",
      { class: "chips" },
      isPrivate && h("span", { class: "chip" }, word("hidden")),
      isWatched && h("span", { class: "chip good" }, word("watched")),
    ),
  ]);
  form.className = "row";
  fill(form, 0, () => [
    h("input", {
      name: "name",
      maxlength: 300,
      "aria-label": word("wishName"),
      autocomplete: "off",
      dir: "auto",
    }),
    h("input", {
      name: "price",
      type: "number",
      min: 1,
      max: 9_999_999,
      placeholder: "₽",
      "aria-label": word("pricePlain"),
    }),
    h("button", { class: "accent" }, word("addWish")),
  ]);
  form.elements.name.placeholder = idea ?? word("wishName");
  const isWhole = wholeLists.has(ownerId) || items.length <= SHOWN + 2;
  list.className = "wishes";
  fill(list, [items, isWhole], () =>
    items.slice(0, isWhole ? items.length : SHOWN).map((item) => wishRow(streamer, item)),
  );
  foot.className = "row";
  fill(foot, [streamer.items.length, isWhole, isPrivate, nickname], () => [
    items.length === 0 && h("p", {}, word("empty")),
    !isWhole &&
      h("button", { type: "button", class: "quiet", onclick: showAll }, word("showAll", { count: items.length })),
    h(
      "button",
      { type: "button", class: "quiet", "data-key": `r${ownerId}`, onclick: () => rename(streamer) },
      word("rename"),
    ),
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "data-key": `h${ownerId}`,
        onclick: () => act("hide", { streamer: ownerId, value: !isPrivate }),
      },
      word(isPrivate ? "show" : "hide"),
    ),
  ]);

  function showAll() {
    wholeLists.add(ownerId);
    drawWishlists();
  }
}

async function addWish(event, streamer) {
  event.preventDefault();
  const form = event.target;
  const { name, price } = Object.fromEntries(new FormData(form));
  const added = await act("add", { streamer, name, ...(price === "" ? {} : { price: Number(price) }) });
  if (added !== undefined) form.reset();
}

function wishRow({ ownerId }, { id, name, price, picture, isPinned, isUnavailable }) {
  const change = (fields) => () => act("change", { streamer: ownerId, wish: id, ...fields });
  const button = (kind, label, press, pressed) =>
    iconButton(kind, `${label}: ${name}`, {
      "data-key": `${kind}${id}`,
      "aria-pressed": pressed,
      title: label,
      onclick: press,
    });
  return h(
    "li",
    { class: isUnavailable ? "unavailable" : "" },
    h("img", { src: `picture?of=${encodeURIComponent(picture)}`, alt: "", width: 40, height: 40, loading: "lazy" }),
    h("p", { dir: "auto" }, name, h("small", {}, rubles(price), isUnavailable && ` · ${word("soldOut")}`)),
    h(
      "span",
      { class: "tools" },
      button("pin", word("pin"), change({ isPinned: !isPinned }), String(isPinned)),
      button("soldout", word("soldOut"), change({ isUnavailable: !isUnavailable }), String(isUnavailable)),
      button("price", word("price"), () => reprice(ownerId, id, name, price)),
      button("remove", word("remove"), () => act("take", { streamer: ownerId, wish: id })),
    ),
  );
}

async function reprice(streamer, wish, name, price) {
  const fields = [{ name: "price", label: word("pricePlain"), type: "number", min: 1, max: 9_999_999, value: price }];
  const wanted = await ask({ title: name, fields, yes: word("save"), no: word("cancel") });
  if (wanted !== undefined) await act("change", { streamer, wish, price: Number(wanted.price) });
}

async function rename({ ownerId, nickname, name }) {
  const fields = [{ name: "nickname", label: word("nickname"), value: nickname, maxlength: 32 }];
  const wanted = await ask({ title: name, fields, yes: word("save"), no: word("cancel") });
  if (wanted !== undefined) await act("rename", { streamer: ownerId, ...wanted });
}

async function newStreamer() {
  const fields = [
    { name: "nickname", label: word("nickname"), maxlength: 32 },
    { name: "name", label: word("name"), maxlength: 64, required: false },
  ];
  const wanted = await ask({ title: word("newStreamer"), fields, yes: word("save"), no: word("cancel") });
  if (wanted !== undefined) await act("streamer", wanted);
}
