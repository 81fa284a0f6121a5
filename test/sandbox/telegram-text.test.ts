import { expect, test } from "vitest";
import { refusal, sandbox, updatesOf } from "./telegram-helpers.ts";

const parse = (text: string) => `Bad Request: can't parse entities: ${text}`;
const markup = (button: object) => ({ inline_keyboard: [[button]] });

test("HTML becomes visible text with entities counted in UTF-16 units", async () => {
  await using place = await sandbox();
  const { telegram, ann, chat_id, api } = place;
  const html =
    '👋 <b>Ann &amp; <i>Co</i></b> <a href="https://Shop.example/x?a=1&amp;b=2">shop</a>' +
    '<blockquote expandable>q</blockquote><pre><code class="language-ts">x</code></pre><tg-spoiler>s</tg-spoiler>';
  const sent = await api.sendMessage(chat_id, html, { parse_mode: "HTML" });
  expect(sent.text).toBe("👋 Ann & Co shopqxs");
  expect(sent.entities).toEqual([
    { type: "bold", offset: 3, length: 8 },
    { type: "italic", offset: 9, length: 2 },
    { type: "text_link", offset: 12, length: 4, url: "https://shop.example/x?a=1&b=2" },
    { type: "expandable_blockquote", offset: 16, length: 1 },
    { type: "pre", offset: 17, length: 1, language: "ts" },
    { type: "spoiler", offset: 18, length: 1 },
  ]);
  expect(telegram.messages(ann).at(-1)).toMatchObject({ text: "👋 Ann & Co shopqxs", html, fromBot: true });
});

test.each([
  ["<x>a</x>", 'Unsupported start tag "x" at byte offset 0'],
  ["я a < b", 'Unsupported start tag "" at byte offset 5'],
  ["<b>a", `Can't find end tag corresponding to start tag "b"`],
  ["<b><i>a</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'],
  ["a</b>", "Unexpected end tag at byte offset 1"],
  ["a <b", "Unclosed start tag at byte offset 2"],
  ["<b>a</b", "Unclosed end tag at byte offset 4"],
  ['<a href="x', "Unclosed start tag at byte offset 0"],
  ["<a href=a/b>x</a>", "Unexpected end of name token at byte offset 8"],
  ['<b ="x">a</b>', 'Empty attribute name in the tag "b" at byte offset 0'],
  ["<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
  ['<tg-emoji emoji-id="9999999999999999999">x</tg-emoji>', "Invalid custom emoji identifier specified"],
  [
    "&#xd800;",
    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units",
  ],
])("HTML %s is refused with Telegram's words", async (text, fault) => {
  await using place = await sandbox();
  const { telegram, chat_id } = place;
  expect(await refusal(telegram, "sendMessage", { chat_id, text, parse_mode: "html" })).toBe(parse(fault));
});

test.each([
  ["&lt;b&gt; &quot;&#39;&#x44f;&nbsp;&copy &amp", `<b> "'я&nbsp;&copy &`],
  ["&constructor;", "&constructor;"],
  ["<B>a</B >", "a"],
  ["<b>a</>", "a"],
  ['<a href="not a link">a</a>', "a"],
  ['<a href="http://localhost:80">a</a>', "a"],
])("HTML %s is taken as Telegram takes it", async (text, shown) => {
  await using place = await sandbox();
  const sent = await place.api.sendMessage(place.chat_id, text, { parse_mode: "HTML" });
  expect(sent.text).toBe(shown);
  expect(JSON.stringify(sent)).not.toContain("text_link");
});

test("commands, mentions and addresses in a text are found without being marked", async () => {
  await using place = await sandbox();
  place.telegram.say("/track@WishbellTestBot fetta.app/@nick, see https://x.example/a(b). @someone #tag", {
    from: place.ann,
  });
  const { text = "", entities = [] } = (await updatesOf(place.telegram))[1]?.message ?? {};
  const found = entities.map(({ type, offset, length }) => [type, text.slice(offset, offset + length)]);
  expect(found).toEqual([
    ["bot_command", "/track@WishbellTestBot"],
    ["url", "fetta.app/@nick"],
    ["url", "https://x.example/a(b"],
    ["mention", "@someone"],
    ["hashtag", "#tag"],
  ]);
});

test("ends are trimmed, control characters become spaces, and entities move along", async () => {
  await using place = await sandbox();
  const sent = await place.api.sendMessage(place.chat_id, "\n a\tb\rc \n", {
    entities: [{ type: "bold", offset: 3, length: 3 }],
  });
  expect(sent.text).toBe("a bc");
  expect(sent.entities).toEqual([{ type: "bold", offset: 1, length: 2 }]);
});

test.each([
  [{ text: "" }, "message text is empty"],
  [{}, "message text is empty"],
  [{ text: " \n " }, "text must be non-empty"],
  [{ text: "<b></b>", parse_mode: "HTML" }, "text must be non-empty"],
  [{ text: "x".repeat(4097) }, "message is too long"],
  [{ text: "😀".repeat(2049) }, "message is too long"],
  [{ text: "x".repeat(40_000) }, "text is too long"],
  [{ text: "a", parse_mode: "INVALID" }, "unsupported parse_mode"],
  [
    { text: "hello", entities: [{ type: "bold", offset: 100, length: 1 }] },
    "entity begins after the end of the text at UTF-16 offset 100",
  ],
  [
    { text: "hello", entities: [{ type: "bold", offset: 0, length: 100 }] },
    "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 100",
  ],
  [
    { text: "hello", entities: [{ type: "bold", offset: -1, length: 1 }] },
    "receive an entity with incorrect offset -1",
  ],
  [
    { text: "😀a", entities: [{ type: "bold", offset: 1, length: 1 }] },
    "entity begins in a middle of a UTF-16 symbol at byte offset 0",
  ],
  [
    { text: "hello", entities: [{ type: "odd", offset: 0, length: 1 }] },
    "can't parse MessageEntity: Unsupported type specified",
  ],
  [
    { text: "hello", entities: [{ type: "text_link", offset: 0, length: 1 }] },
    `can't parse MessageEntity: Can't find field "url"`,
  ],
  [
    { text: "hello", entities: [{ type: "text_link", offset: 0, length: 1, url: "not-a-url" }] },
    "entity URL 'not-a-url' is invalid: Wrong HTTP URL",
  ],
  [
    { text: "hello", entities: [{ type: "text_link", offset: 0, length: 1, url: "" }] },
    "entity URL '' is invalid: URL host is empty",
  ],
  [{ text: "hello", entities: [{ type: "text_mention", offset: 0, length: 1, user: { id: 5 } }] }, "user not found"],
  [{ text: "hello", link_preview_options: { is_disabled: "yes" } }, 'field "is_disabled" must be of type Boolean'],
  [{ text: "hello", link_preview_options: { url: "not-a-url" } }, "WEBPAGE_URL_INVALID"],
  [{ text: "a", reply_markup: markup({ text: "b", callback_data: "я".repeat(33) }) }, "BUTTON_DATA_INVALID"],
  [
    { text: "a", reply_markup: markup({ text: "b", callback_data: "" }) },
    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
  ],
  [
    { text: "a", reply_markup: markup({ callback_data: "x" }) },
    `can't parse inline keyboard button: Can't find field "text"`,
  ],
  [
    { text: "a", reply_markup: markup({ text: "", callback_data: "x" }) },
    "inline keyboard button text must be non-empty",
  ],
  [
    { text: "a", reply_markup: markup({ text: "b", url: "http://localhost:3000" }) },
    "inline keyboard button URL 'http://localhost:3000' is invalid: Wrong HTTP URL",
  ],
  [
    { text: "a", reply_markup: markup({ text: "b", url: "ftp://example.com" }) },
    "inline keyboard button URL 'ftp://example.com' is invalid: Unsupported URL protocol",
  ],
  [
    { text: "a", reply_markup: markup({ text: "b", url: "https://e xample.com" }) },
    "inline keyboard button URL 'https://e xample.com' is invalid: Disallowed character in URL host",
  ],
  [{ text: "a", reply_markup: { inline_keyboard: "bad" } }, 'field "inline_keyboard" must be of type Array'],
  [
    { text: "a", reply_markup: { inline_keyboard: [{ text: "b" }] } },
    'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
  ],
  [
    { text: "a", reply_markup: { inline_keyboard: [Array(9).fill({ text: "b", callback_data: "x" })] } },
    "reply markup is too long",
  ],
  [
    { text: "a", reply_markup: { inline_keyboard: Array(101).fill([{ text: "b", callback_data: "x" }]) } },
    "reply markup is too long",
  ],
  [{ text: "a", reply_markup: "{" }, "can't parse reply keyboard markup JSON object"],
  [{ text: "a", reply_parameters: { message_id: 999 } }, "message to be replied not found"],
  [{ text: "a", reply_parameters: { quote: "x" } }, `can't find field "message_id"`],
  [{ text: "a", message_thread_id: 999 }, "message thread not found"],
])("sendMessage %j is refused", async (params, fault) => {
  await using place = await sandbox();
  const { telegram, ann, chat_id } = place;
  expect(await refusal(telegram, "sendMessage", { chat_id, ...params })).toBe(`Bad Request: ${fault}`);
  expect(telegram.messages(ann)).toHaveLength(1);
});

test("the longest texts and keyboards are taken", async () => {
  await using place = await sandbox();
  const { telegram, chat_id } = place;
  const rows = Array.from({ length: 100 / 5 }, () => Array(5).fill({ text: "b", callback_data: "x".repeat(64) }));
  const text = `<b>${"x".repeat(4096)}</b>`;
  const params = { chat_id, text, parse_mode: "HTML", reply_markup: { inline_keyboard: rows } };
  expect(await refusal(telegram, "sendMessage", params)).toBe("ok");
  expect(
    await refusal(telegram, "sendMessage", {
      chat_id,
      text: "a",
      reply_parameters: { message_id: 9, allow_sending_without_reply: true },
    }),
  ).toBe("ok");
});
