/**
 * Reads variables one by one and collects what is wrong with them. An empty value counts as none, values are trimmed.
 * @param secretNames the variables whose values are never to be printed
 */
export function envReader(env: NodeJS.ProcessEnv, secretNames: string[]) {
  const faults: string[] = [];
  const text = (name: string) => env[name]?.trim() || undefined;
  const secrets = secretNames.flatMap((name) => text(name) ?? []);

  /** A value fit to be printed: people paste secrets into the wrong line, and addresses carry passwords. */
  function shown(value: string): string {
    const hidden = secrets
      .reduce((rest, secret) => rest.replaceAll(secret, "***"), value)
      .replace(/\d{6,}:[\w-]{20,}/g, "***")
      .replace(/[^,\s]+@/g, "***@")
      .replace(/\?.+/s, "?***");
    return JSON.stringify(hidden.length > 80 ? `${hidden.slice(0, 80)}…` : hidden);
  }

  /** NaN after a fault: every comparison with it is false, so that one fault is not reported twice. */
  function number(name: string, otherwise: number, min: number, max: number, form = /^\d+$/): number {
    const value = text(name);
    if (value === undefined) return otherwise;
    const read = form.test(value) ? Number(value) : Number.NaN;
    if (read >= min && read <= max) return read;
    const kind = form.test("0.5") ? "number" : "whole number";
    faults.push(
      `${name} is ${shown(value)}, not a ${kind} from ${min} to ${max}. Correct it, or remove it for ${otherwise}.`,
    );
    return Number.NaN;
  }

  /** A web address without a trailing slash, user name, query or fragment; undefined when unset or faulty. */
  function baseUrl(name: string): string | undefined {
    const value = text(name);
    if (value === undefined) return undefined;
    const url = URL.parse(value);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      faults.push(`${name} is ${shown(value)}, not a web address. Write it in full, like https://example.org.`);
    } else if (url.username || url.password || url.search || url.hash) {
      faults.push(
        `${name} is ${shown(value)}. Remove the user name, password, "?" or "#" part: only a base is expected.`,
      );
    } else {
      return url.origin + url.pathname.replace(/\/+$/, "");
    }
    return undefined;
  }

  return { faults, text, shown, number, baseUrl };
}
