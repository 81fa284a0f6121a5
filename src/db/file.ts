import { statSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { dirname } from "node:path";

const forExample = "for example file:data/wishbell.db";

/** Kinds of shared file system by the number that statfs(2) gives for them. */
const shared = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
]);

/**
 * The path that a `file:` URL of libsql names: `file:relative/path`, `file:/absolute/path` or `file:///absolute/path`.
 * @throws when it names no file: a database in memory, a host
 */
export function pathOf(url: string): string {
  const { authority, path, query } =
    /^file:(\/\/(?<authority>[^/?#]*))?(?<path>[^?#]*)(?<query>.*)$/is.exec(url)?.groups ?? {};
  const file = decodeURIComponent(path ?? "");
  if (url === ":memory:" || file === ":memory:" || query?.includes("mode=memory")) {
    throw new Error(`a database in memory would be empty after every start; name a file, ${forExample}`);
  }
  if (authority && authority.toLowerCase() !== "localhost") {
    throw new Error(`"file://${authority}/…" names a host; a path has one slash or three before it, ${forExample}`);
  }
  if (file === "") throw new Error(`the database URL names no file; name one, ${forExample}`);
  if (query) throw new Error(`the database URL has parameters or a fragment; name just a file, ${forExample}`);
  return file;
}

/** Of a folder that we make: it will hold who follows whom. */
const OWNER_ONLY = 0o700;

/**
 * Creates the folder of a database file, for its owner alone; one that is there stays as it is.
 * @throws when it cannot be created, or lies on a network file system, where SQLite's locks and shared memory do not hold
 */
export async function makeFolder(file: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY }).catch((cause) => {
    throw new Error(
      `its folder ${folder} is not there and cannot be made (${cause.code}): make it for the user who runs this, or mount its disk`,
      { cause },
    );
  });
  const kind = networkFileSystem((await statfs(folder)).type);
  if (kind)
    throw new Error(`${folder} is on ${kind}, where SQLite can lose data; use a local disk, or a libsql:// server`);
}

/** What a database file and its write-ahead log take on the disk, in bytes; what cannot be asked counts as none. */
export function bytesOf(file: string): number {
  return sizeOf(file) + sizeOf(`${file}-wal`);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** The name of a network file system by statfs's type; undefined for any other. */
export function networkFileSystem(type: number): string | undefined {
  return shared.get(type >>> 0); // some systems report it as a signed number
}
