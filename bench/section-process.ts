/**
 * Takes the measurements of one section in a process of its own, so that what one leaves behind in memory or in the
 * compiler does not touch another. Started by measureApart(), as the first of its process group: with the name of a section
 * and the effort. Tells how far it is, and the section at last.
 */
import type { Section } from "./section.ts";
import { SECTIONS } from "./sections.ts";

export type Told = { words: string } | { section: Section };

process.once("disconnect", () => process.kill(-process.pid, "SIGKILL"));
const [name = "", effort] = process.argv.slice(2);
const measure = await SECTIONS[name]?.();
if (measure === undefined) throw new Error(`there is no section "${name}"`);
const tell = (told: Told) => process.send?.(told);
tell({ section: await measure(effort === "short" ? "short" : "full", (words) => tell({ words })) });
