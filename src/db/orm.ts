// The one place that loads drizzle. As ES modules it costs 150 MB and 400 ms at start, as CommonJS 20 MB and 60 ms
// (docs/decisions/001-start-without-a-build-step.md), so it is required, never imported; types are imported freely.
// Its driver for files runs on any client, and brings less than the one for all that libSQL speaks.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const core = require("drizzle-orm/sqlite-core") as typeof import("drizzle-orm/sqlite-core");
const orm = require("drizzle-orm") as typeof import("drizzle-orm");

export const { drizzle } = require("drizzle-orm/libsql/sqlite3") as typeof import("drizzle-orm/libsql/sqlite3");
export const { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex, check } = core;
export const { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, lt, lte, ne, or, sql } = orm;
export const { readMigrationFiles } = require("drizzle-orm/migrator") as typeof import("drizzle-orm/migrator");
