import type { Fetta } from "../fetta/index.ts";

export const troubles = ["down", "429", "captcha", "empty"] as const;
export type Trouble = (typeof troubles)[number];

/** What is wrong with the whole wishlist site. */
export type Site = {
  trouble(): Trouble | undefined;
  /** Breaks it in another way, or mends it. */
  set(trouble: Trouble | undefined): void;
};

export function createSite(fetta: Fetta): Site {
  let current: { trouble: Trouble; end: () => void } | undefined;
  return {
    trouble: () => current?.trouble,
    set(trouble) {
      current?.end();
      current = trouble === undefined ? undefined : { trouble, end: fetta.misbehave(trouble) };
    },
  };
}
