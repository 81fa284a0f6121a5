import type { Scene } from "./plan.ts";
import type { Tally } from "./score.ts";

export type Control = ReturnType<typeof controlOf>;

/** What can be asked of the sandbox's process (sandbox.ts), which listens at `url`. */
export function controlOf(url: string) {
  async function ask(path: string) {
    const response = await fetch(`${url}${path}`);
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`the sandbox cannot go on: ${answer}`);
    return answer;
  }
  return {
    /** Another scene: counts begin anew. */
    begin: async (scene: Scene) => void (await ask(`/begin?scene=${scene}`)),
    /** What people do next, as updates in JSON: so many, or a few more. */
    updates: async (scene: Scene, count: number) => (await ask(`/updates?scene=${scene}&count=${count}`)) as object[],
    /** `sent`: how many of them the bot has been given. */
    tally: async (sent: number) => (await ask(`/tally?sent=${sent}`)) as Tally,
  };
}
