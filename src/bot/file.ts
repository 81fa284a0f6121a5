const TIMEOUT_MS = 10_000;

/** The text at an address; undefined when it does not come whole, or has more than `longest` bytes, of which no more are read. */
export async function readText(url: string, longest: number): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
    const chunks: Uint8Array[] = [];
    let size = 0;
    // Counted unpacked. Leaving the loop ends the answer.
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > longest) return undefined;
      chunks.push(chunk);
    }
    return response.ok ? new TextDecoder().decode(Buffer.concat(chunks)) : undefined;
  } catch {
    // What fetch throws may name the address, and Telegram's have the token in them.
    return undefined;
  }
}
