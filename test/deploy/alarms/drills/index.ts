import type { Drill } from "../drill.ts";
import { file, server } from "./database.ts";
import { instances, leaders } from "./instances.ts";
import { budget, site } from "./site.ts";
import { refusals, silence } from "./telegram.ts";

/** All of them, the longest first. */
export const drills: Drill[] = [file, silence, budget, leaders, refusals, server, site, instances];
