import { say } from "./composer.js";
import { fill, h, iconButton } from "./dom.js";
import { act, go, isPrivate, place, store } from "./store.js";
import { word } from "./words.js";

const bar = document.querySelector("#steps");
const steps = { isWished: false, isTold: false, isDismissed: false };
/** How many wishes each list had when it was first seen. */
const lengths = new Map();

/** The bot has spoken: after a wish, that is the news of it. */
export function noteNews() {
  if (steps.isWished) steps.isTold = true;
}

/** The first two minutes: start, follow, add, see it ring. */
export function drawSteps() {
  const { me, chat } = place();
  const { streamers } = store.view;
  const followed = streamers.find(({ isWatched }) => isWatched);
  for (const { ownerId, items } of streamers) {
    if (!lengths.has(ownerId)) lengths.set(ownerId, items.length);
    if (ownerId === followed?.ownerId && items.length > lengths.get(ownerId)) steps.isWished = true;
  }
  const isFor = isPrivate(chat) && chat.access === "open" && store.payload === undefined && streamers.length > 0;
  const step = steps.isDismissed || !isFor ? 0 : steps.isTold ? 5 : steps.isWished ? 4 : followed === undefined ? 2 : 3;
  const { name, nickname, ownerId, idea } = followed ?? streamers[0] ?? {};
  fill(bar, [step, name, idea, me.id], () => {
    if (step === 0) return [];
    const button = (label, press) =>
      h("button", { type: "button", class: "accent", "data-key": "step", onclick: press }, label);
    const buttons = {
      2: () => button(`/track ${nickname}`, () => say(`/track ${nickname}`)),
      3: () => button(`+ ${idea ?? word("wishName")}`, () => act("add", { streamer: ownerId })),
      5: () =>
        h("button", { type: "button", class: "quiet stage", onclick: () => go({ pane: "world" }) }, word("backstage")),
    };
    const dismiss = () => {
      steps.isDismissed = true;
      drawSteps();
    };
    return [
      h("p", {}, word(`hint${step}`, { name })),
      buttons[step]?.(),
      iconButton("close", word("close"), { onclick: dismiss }),
    ];
  });
}
