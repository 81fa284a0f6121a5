import type { Address, KnownSite } from "../source.ts";
import { readLink, site, tidyAddress } from "./address.ts";

/** Links in the wild have letters of both cases, digits and "_"; "." and "-" are allowed for. One that is only dots is a path. */
export const fettaNickname = /^(?=.*[A-Za-z0-9_])[A-Za-z0-9_.-]{2,32}$/;

export const FETTA_HOME = "https://fetta.app";

export const fettaSite: KnownSite = { name: "fetta", home: FETTA_HOME, parseAddress: parseFettaAddress };

/**
 * Reads `https://fetta.app/u/ann` in all its forms (no scheme, www., more path, ?query, #hash), `u/ann`, `@ann`, `ann`.
 * A bare word that looks like a site ("twitch.tv") is a link, not a nickname; with an @ it is a nickname.
 */
function parseFettaAddress(text: string): Address | undefined {
  const address = tidyAddress(text);
  const link = readLink(address);
  if (link === undefined) return nicknameAddress(/^(?:\/?u\/)?@?([^@/]*)\/?$/i.exec(address)?.[1]);
  if (site(link) !== "fetta.app") return undefined;
  const [place, nickname] = link.pathname.split("/").filter((segment) => segment !== "");
  if (place?.toLowerCase() !== "u" || nickname === undefined) return undefined;
  return nicknameAddress(tidyAddress(decode(nickname)).replace(/^@/, ""));
}

function nicknameAddress(nickname: string | undefined): Address | undefined {
  if (nickname === undefined || !fettaNickname.test(nickname)) return undefined;
  return { source: "fetta", nickname, key: fettaKey(nickname) };
}

/** The site answers to a nickname in any case. */
export function fettaKey(nickname: string): string {
  return nickname.toLowerCase();
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
