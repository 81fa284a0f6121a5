import fc from "fast-check";
import { expect, test } from "vitest";
import { profilePage } from "../../../sandbox/fetta/page.ts";
import { createWishlist } from "../../../sandbox/fetta/wishlist.ts";
import type { Page } from "../../../src/checker/source.ts";
import { readProfilePage } from "../../../src/checker/sources/fetta-page.ts";

const id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const otherId = "11111111-2222-3333-4444-555555555555";

const page = (text: string, changes: Partial<Page> = {}): Page => ({
  status: 200,
  url: "https://fetta.app/u/Ann",
  type: "text/html",
  text,
  ...changes,
});
const read = (text: string, changes?: Partial<Page>) => readProfilePage(page(text, changes));
const profile = (text: string, changes?: Partial<Page>) => {
  const found = read(text, changes);
  if (found.outcome !== "found") throw new Error(found.reason);
  return found.profile;
};
const body = (html: string) =>
  `<html><body>${html}<script>x={\\"wishlistOwnerId\\":\\"${id}\\"}</script></body></html>`;

test.each([
  `self.__next_f.push([1,"{\\"userId\\":\\"${otherId}\\",\\"wishlistOwnerId\\":\\"${id}\\"}"])`,
  `\\\\\\"wishlistOwnerId\\\\\\":\\\\\\"${id}\\\\\\"`,
  `{"ownerId":"${otherId}","wishlistOwnerId": "${id}"}`,
  `{wishlistOwnerId:'${id}'}`,
  `data-props="{&quot;wishlistOwnerId&quot;:&quot;${id}&quot;}"`,
  `"wishlistOwnerId":"${id}" and again \\"wishlistOwnerId\\":\\"${id}\\"`,
  `"wishlistOwnerId":"${id}"`.replace("cccc", 'cc"])</script><script>self.__next_f.push([1,"cc'),
  `"wishlistOwn"])</script><script nonce="x">self.__next_f.push([1,"erId":"${id}"`,
])("the owner is found in %s", (text) => {
  expect(profile(text)).toMatchObject({ ownerId: id });
});

test.each([
  `"userId":"${otherId}"`,
  `"ownerId":"${otherId}","targetUserId":"${otherId}","uid":"${otherId}"`,
  `"wishlistOwnerId":null,"userId":"${otherId}"`,
  `"wishlistOwnerId":"","x":"${otherId}"`,
  `"lastwishlistOwnerId":"${otherId}"`,
  `"wishlistOwnerIdentity":"${otherId}"`,
  `"wishlistOwnerId":"${id.slice(0, -1)}"`,
  `"wishlistOwnerId":"${id}0"`,
  `"wishlistOwnerId":"not-a-uuid"`,
  "",
])("no other id is taken for the owner's: %s", (text) => {
  expect(read(`${text}</html>`)).toEqual({
    outcome: "page_changed",
    reason: "no wishlistOwnerId on the profile page",
  });
});

test("two owners on one page are none", () => {
  expect(read(`"wishlistOwnerId":"${id}" "wishlistOwnerId":"${otherId}"</html>`)).toMatchObject({
    outcome: "page_changed",
    reason: "two different wishlistOwnerId on one page",
  });
});

test.each([
  ["https://fetta.app/login", "page_changed"],
  ["https://fetta.app/", "page_changed"],
  ["https://fetta.app/u/%D0%B0%D0%BD%D1%8F", "page_changed"],
  ["http://127.0.0.1:5000/u/Bob/", "found"],
])("a profile that ended up at %s is %s", (url, outcome) => {
  expect(read(body(""), { url })).toMatchObject({ outcome });
});

test.each([
  ["<html><title>Just a moment...</title></html>", "blocked"],
  ["<html><title>DDoS-Guard</title>", "blocked"],
  ["<html><script src=/cdn-cgi/challenge?__cf_chl_tk=1></script></html>", "blocked"],
  ["<html><div class=smart-captcha></div></html>", "blocked"],
  ['<html><script>self.__next_f.push([1,"captcha"])</script></html>', "page_changed"],
  ["<html><body>We are back soon</body></html>", "page_changed"],
  ["<html><body>We are ba", "unreachable"],
  ["", "unreachable"],
  ["NEXT_NOT_FOUND</html>", "not_found"],
])("%s without an owner is %s", (text, outcome) => {
  expect(read(text, { retryAfterMs: 5 })).toMatchObject({ outcome });
});

test.each([
  [401, "blocked"],
  [403, "blocked"],
  [429, "blocked"],
  [404, "not_found"],
  [410, "not_found"],
  [408, "unreachable"],
  [500, "unreachable"],
  [503, "unreachable"],
  [204, "page_changed"],
  [304, "page_changed"],
  [400, "page_changed"],
])("status %i is %s, whatever stands on the page", (status, outcome) => {
  expect(read(body("<h2>Ann</h2>"), { status })).toMatchObject({ outcome });
});

test("a challenge with status 503 is a refusal, not an outage", () => {
  const text = "<html><title>Just a moment...</title></html>";
  expect(read(text, { status: 503, retryAfterMs: 9 })).toEqual({
    outcome: "blocked",
    reason: "status 503",
    retryAfterMs: 9,
  });
});

test("a page with nothing but the owner gives a profile with nothing but the nickname", () => {
  expect(profile(body(""))).toEqual({
    ownerId: id,
    nickname: "Ann",
    key: "ann",
    name: "Ann",
    url: "https://fetta.app/u/Ann",
  });
});

test("names are decoded, cleaned and cut; the first heading counts", () => {
  const html = body(`<h2> \u202eAnn\u0000 &amp;\n <b>Co</b> ${"x".repeat(200)}</h2><h2>Wishlist</h2>`);
  expect(profile(html).name).toBe(`Ann & Co ${"x".repeat(91)}`);
});

test("the nickname is spelled as on the page when it is the same, and only then", () => {
  const at = (name: string) => body(`<span>online</span><span> ${name} </span>`);
  expect(profile(at("@aNN"))).toMatchObject({ nickname: "aNN", key: "ann", url: "https://fetta.app/u/aNN" });
  expect(profile(at("@Bob"))).toMatchObject({ nickname: "Ann" });
});

test.each([
  ["https://cdn.fetta.app/a.webp", "https://cdn.fetta.app/a.webp"],
  ["/_next/image?url=a&amp;w=256", "https://fetta.app/_next/image?url=a&w=256"],
  ["data:image/gif;base64,R0lGOD", undefined],
  ["", undefined],
])("the avatar %s becomes %s", (src, url) => {
  expect(profile(body(`<img src="/logo.png"><img alt="Profile picture" src="${src}">`)).avatarUrl).toBe(url);
});

test("the description is the first muted text of some length, outside the footer", () => {
  const spans = [
    '<footer><span class="text-tertiary">The site about itself</span></footer>',
    '<span class="text-tertiary/50">A skeleton or so</span>',
    '<span class="text-tertiary">@ann_the_nick</span>',
    '<span class="text-tertiary">short</span>',
  ];
  expect(profile(body(spans.join(""))).description).toBeUndefined();
  spans.push(
    `<span class="text-sm text-tertiary">I  stream${"!".repeat(600)}</span><span class="text-tertiary">More of it</span>`,
  );
  expect(profile(body(spans.join(""))).description).toBe(`I stream${"!".repeat(492)}`);
});

test("broken, huge and deeply nested pages lose their decoration at most", () => {
  for (const html of ["<h2", "<div>".repeat(200_000), `<h2>${"x".repeat(3_000_000)}</h2>`, "<!--", "\u0000<\ud800>"]) {
    expect(profile(`"wishlistOwnerId":"${id}"${html}`).ownerId).toBe(id);
  }
});

test("a page cut anywhere gives its owner or a failure that passes, never another owner", () => {
  const wishlist = createWishlist("Ann", { ownerId: id });
  const text = profilePage(wishlist, { owner: [["wishlistOwnerId", id]], bytes: 10_000 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.length - 1 }), (length) => {
      const found = read(text.slice(0, length));
      if (found.outcome === "found") expect(found.profile.ownerId).toBe(id);
      else expect(found.outcome).toBe("unreachable");
    }),
    { numRuns: 300 },
  );
  expect(profile(text)).toMatchObject({ ownerId: id, name: "Ann ✨" });
});

test("no text makes it throw", () => {
  const pieces = fc.constantFrom(
    "<h2>",
    "<span class='text-tertiary'>",
    `wishlistOwnerId":"${id}"`,
    "</html>",
    "&#0;",
    "<script>",
  );
  const text = fc
    .array(fc.oneof(pieces, fc.string({ unit: "binary" })), { maxLength: 8 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.integer({ min: 200, max: 599 }), (text, status) => {
      expect(read(text, { status })).toHaveProperty("outcome");
    }),
    { numRuns: 1_000 },
  );
});
