/** The time in the demo's world; everybody's there, the bot's too. */
export type Clock = {
  /** In ms since 1970. */
  now(): number;
  /** How far it is ahead of this machine's. */
  aheadMs(): number;
  /** Moves it forward; resolves when the bot has done so too. */
  jump(ms: number): Promise<void>;
  onJump(follow: (aheadMs: number) => Promise<void>): void;
};

export function createClock(startAt = Date.now()): Clock {
  let aheadMs = startAt - Date.now();
  const followers: ((aheadMs: number) => Promise<void>)[] = [];
  return {
    now: () => Date.now() + aheadMs,
    aheadMs: () => aheadMs,
    async jump(ms) {
      aheadMs += ms;
      await Promise.all(followers.map((follow) => follow(aheadMs)));
    },
    onJump: (follow) => void followers.push(follow),
  };
}
