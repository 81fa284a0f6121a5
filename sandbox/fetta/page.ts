import { inventUuid } from "./invent.ts";
import type { Wishlist } from "./wishlist.ts";

export type ProfilePageOptions = {
  /** The keys and ids under which the page names the list's owner. */
  owner: [key: string, id: string][];
  /** The page is filled up to about this size, with the translations that real pages carry along. */
  bytes: number;
};

/** A profile as a Next.js App Router page: markup without items, then flight chunks with the data in escaped JSON. */
export function profilePage(wishlist: Wishlist, { owner, bytes }: ProfilePageOptions): string {
  const { nickname, name, description } = wishlist;
  const visitor = inventUuid(`visitor of ${nickname}`);
  const data = {
    userId: visitor,
    ownerId: inventUuid(`theme of ${nickname}`),
    ...Object.fromEntries(owner),
    isOwner: false,
  };
  const main = `<main class="mx-auto max-w-5xl px-4"><section class="flex gap-6 rounded-3xl bg-secondary p-6">
<img alt="Profile picture" loading="lazy" width="128" height="128" src="/_next/image?url=${encodeURIComponent(`https://cdn.fetta.app/a/${wishlist.ownerId}.webp`)}&amp;w=256&amp;q=75"/>
<div><h2 class="text-2xl font-bold">${escapeHtml(name)}</h2><span class="text-secondary">@${nickname}</span>
<span class="text-tertiary/50">был(а) недавно</span><span class="text-sm text-tertiary">${escapeHtml(description)}</span>
<a target="_blank" href="https://www.twitch.tv/${nickname}">Twitch</a><a target="_blank" href="https://t.me/${nickname}">Telegram</a></div></section>
<section class="grid grid-cols-4 gap-4">${'<div class="animate-pulse rounded-2xl bg-tertiary h-64"><span class="text-tertiary/50"></span></div>'.repeat(8)}</section></main>
<footer><span class="text-tertiary">Фетта — вишлисты для стримеров</span><a target="_blank" href="https://t.me/fetta_app">Telegram</a></footer>`;
  const chunks = [
    `0:["$","html",null,{"lang":"ru"}]\n`,
    `5:["$","$L9",null,${JSON.stringify({ nickname, children: ["$", "$Lb", null, data] })}]\n`,
  ];
  const html = shell(`${name} | фетта`, main, chunks);
  const missing = bytes - Buffer.byteLength(html);
  return missing > 0 ? shell(`${name} | фетта`, main, [...chunks, translations(missing)]) : html;
}

export function notFoundPage(): string {
  return shell("404 | фетта", '<main><h2>Страница не найдена</h2><span class="text-tertiary">404</span></main>', []);
}

/** What Cloudflare and its like show to visitors whom they distrust, with status 200. */
export function challengePage(): string {
  return `<!DOCTYPE html><html lang="en"><head><title>Just a moment...</title></head><body>
<noscript>Enable JavaScript and cookies to continue</noscript><form id="challenge-form" action="/?__cf_chl_f_tk=x"><div class="cf-turnstile"></div></form>
<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>`;
}

function shell(title: string, body: string, chunks: string[]): string {
  const pushes = chunks.map((chunk) => `<script>self.__next_f.push([1,${JSON.stringify(chunk)}])</script>`);
  return `<!DOCTYPE html><html lang="ru"><head><meta charSet="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<link rel="stylesheet" href="/_next/static/css/0a1b2c3d4e5f.css" data-precedence="next"/><script src="/_next/static/chunks/webpack-0a1b2c.js" async=""></script>
<title>${escapeHtml(title)}</title></head><body class="bg-primary antialiased"><header><a href="/">фетта</a><a href="/login">Войти</a></header>
${body}<script>(self.__next_f=self.__next_f||[]).push([0])</script>${pushes.join("")}</body></html>`;
}

function translations(bytes: number): string {
  const entry = (number: number) => `"wish.hint.${number}":"Добавь желание номер ${number}, и его увидят все"`;
  const count = Math.ceil(bytes / (Buffer.byteLength(entry(100)) + 7));
  return `d:{${Array.from({ length: count }, (_, number) => entry(number)).join()}}\n`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
