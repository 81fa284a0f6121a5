/**
 * Which links Telegram takes, and what it makes of them (TDLib: LinkManager::check_link, HttpUrl.cpp).
 * A host needs a dot, so `http://localhost:3000` is refused; a link without a protocol is http.
 */
export function readLink(link: string): { url: string } | { fault: string } {
  const tg = /^tg:(?:\/\/)?/i.exec(link)?.[0];
  const parts = split(tg === undefined ? link : link.slice(tg.length));
  if ("fault" in parts) return parts;
  const { protocol, userinfo, host, port, rest } = parts;
  if (tg !== undefined) {
    if (protocol !== undefined || userinfo !== "" || port !== "") return { fault: "Wrong tg URL" };
    if (!/^[a-z0-9_-]+$/i.test(host)) return { fault: "Unallowed characters in URL host" };
    return { url: `tg://${host}${rest.replace(/^\/\?/, "?").replace(/^\/$/, "")}` };
  }
  if (!host.includes(".") && !host.startsWith("[")) return { fault: "Wrong HTTP URL" };
  return { url: `${protocol ?? "http"}://${userinfo}${host}${port}${rest}` };
}

/** The id in `tg://user?id=…`, which mentions a person instead of linking. */
export function mentionedUser(link: string): number | undefined {
  const id = /^tg:(?:\/\/)?user\?(?:.*&)?id=([1-9]\d{0,14})(?:[&#]|$)/i.exec(link)?.[1];
  return id === undefined ? undefined : Number(id);
}

type Parts = { protocol: string | undefined; userinfo: string; host: string; port: string; rest: string };

function split(link: string): Parts | { fault: string } {
  const protocol = /^([^:/?#]*):\/\//.exec(link)?.[1]?.toLowerCase();
  if (protocol !== undefined && protocol !== "http" && protocol !== "https") {
    return { fault: "Unsupported URL protocol" };
  }
  const address = protocol === undefined ? link : link.slice(protocol.length + 3);
  const authority = /^[^/?#]*/.exec(address)?.[0] ?? "";
  const at = authority.lastIndexOf("@");
  const userinfo = authority.slice(0, at + 1);
  const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(:.*)?$/.exec(authority.slice(at + 1)) ?? [];
  if (port !== "" && !(/^:\d{1,5}$/.test(port) && Number(port.slice(1)) <= 65_535 && Number(port.slice(1)) > 0)) {
    return { fault: "Wrong port number specified in the URL" };
  }
  if (host === "") return { fault: "URL host is empty" };
  if (host === ".") return { fault: "Host is invalid" };
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9._!$,~*'();&+=%\u0080-\uffff-]+)$/i.test(host)) {
    return { fault: "Disallowed character in URL host" };
  }
  const query = address.slice(authority.length).trimEnd().replace(/\s/g, encodeURIComponent);
  const rest = query.startsWith("/") ? query : `/${query}`;
  return { protocol, userinfo, host: host.toLowerCase(), port, rest };
}
