import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FluentBundle, FluentResource } from "@fluent/bundle";
import { dateFormatOf } from "./formats.ts";

export type Language = "ru" | "en";

/** Markup made by us: the only text that is not escaped on its way into a message. */
export type Markup = { html: string };

export type Variables = Record<string, string | number | Markup>;

/** A message's text in Telegram's HTML; every string variable arrives as it was written. */
export type Texts = (language: string, key: string, variables?: Variables) => string;

/** Loads the Fluent files, a folder for each language; fails at start when one is missing or broken. */
export function loadTexts(): Texts {
  const bundles = { ru: loadBundle("ru"), en: loadBundle("en") };
  return (language, key, variables = {}) => {
    const bundle = bundles[languageOf(language)];
    const pattern = bundle.getMessage(key)?.value;
    if (!pattern) throw new Error(`there is no text "${key}"`);
    const shown: Record<string, string | number> = {};
    for (const [name, value] of Object.entries(variables)) {
      shown[name] = typeof value === "object" ? value.html : typeof value === "string" ? escapeHtml(value) : value;
    }
    return bundle.formatPattern(pattern, shown);
  };
}

function loadBundle(language: Language): FluentBundle {
  const folder = join(import.meta.dirname, "locales", language);
  const files = readdirSync(folder).sort();
  const bundle = new FluentBundle(language, { useIsolating: false });
  const source = files.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
  const [error] = bundle.addResource(new FluentResource(source));
  if (error !== undefined) throw error;
  return bundle;
}

/** The language to answer in, from what Telegram tells of a person (a BCP 47 tag, or nothing). */
export function languageOf(tag: string | undefined): Language {
  return tag === undefined || /^ru\b/i.test(tag) ? "ru" : "en";
}

/** Telegram's HTML knows these four; all else is as written. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[char] ?? "&quot;");
}

/** The text that a message in Telegram's HTML shows: for when Telegram refuses the markup. */
export function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&");
}

/** Cuts at `length` UTF-16 units, which is how Telegram counts, without splitting a character. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Making one takes a sixth of a millisecond, and a message may have a hundred prices. There are as many as currencies. */
const priceFormats = new Map<string, Intl.NumberFormat>();

function priceFormat(language: Language, currency: string): Intl.NumberFormat {
  const key = `${language} ${currency.toUpperCase()}`;
  const options = { style: "currency", currency, trailingZeroDisplay: "stripIfInteger" } as const;
  const format = priceFormats.get(key) ?? new Intl.NumberFormat(language, options);
  priceFormats.set(key, format);
  return format;
}

/** A price in minor units, as people of that language write it; whole amounts without a fraction. */
export function money(language: string, minor: number, currency: string): string {
  const format = priceFormat(languageOf(language), currency);
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** Day and month alone: for what happened lately. */
export function date(language: string, at: Date): string {
  return dateFormatOf(languageOf(language), { day: "numeric", month: "short" }).format(at);
}

export function day(language: string, at: Date): string {
  return dateFormatOf(languageOf(language), { day: "numeric", month: "long", year: "numeric" }).format(at);
}
