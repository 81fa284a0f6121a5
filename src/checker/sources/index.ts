import type { Source } from "../source.ts";
import { fetta } from "./fetta.ts";

export const sources: Source[] = [fetta];
