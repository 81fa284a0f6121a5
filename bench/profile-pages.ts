import { profilePage } from "../sandbox/fetta/page.ts";
import type { Wishlist } from "../sandbox/fetta/wishlist.ts";

const CARD = `<div class="relative flex flex-col rounded-2xl bg-tertiary p-3 h-64"><img alt="" loading="lazy" src="/p.webp"/>
<span class="text-tertiary/50">A thing &amp; more</span><button type="button" class="rounded-xl px-4"><svg viewBox="0 0 24 24"><path d="M4 4h16v16H4z"/></svg></button></div>`;

/** A profile page, filled up to about so many bytes with what Next.js leaves in scripts. */
export function dataPage(wishlist: Wishlist, bytes: number): string {
  return profilePage(wishlist, { owner: [["wishlistOwnerId", wishlist.ownerId]], bytes });
}

/** The same, filled up with markup. */
export function markupPage(wishlist: Wishlist, bytes: number): string {
  const html = dataPage(wishlist, 0);
  const missing = Math.max(bytes - Buffer.byteLength(html), 0);
  const cards = CARD.repeat(Math.ceil(missing / Buffer.byteLength(CARD)));
  return html.replace("</section></main>", `${cards}</section></main>`);
}
