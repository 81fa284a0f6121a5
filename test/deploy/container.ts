import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rename, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Copy, DockerfileParser, type Env, type JSONInstruction } from "dockerfile-ast";
import { type Launched, launch, root } from "../e2e/instance.ts";
import { textOf } from "./deployed.ts";

/** What the steps of a Dockerfile come to. */
export type Image = {
  env: Record<string, string>;
  /** Relative to /. */
  workdir: string;
  user: string;
  volumes: string[];
  cmd: string[];
  healthcheck: string[];
  folder: string;
};

const run = promisify(execFile);
/** The uid of `node` in the image that ours is built on. */
const UID: Record<string, string> = { root: "0", node: "1000" };
/** What of this machine stands for the base image; its Node comes besides. */
const BASE = ["usr", "bin", "sbin", "lib", "lib64"];

/**
 * Does by hand what a builder does, with what of Linux containers are made of: this machine's programs, and the Node that
 * runs this, stand for the base image. Needs root.
 * @param folder an empty one, for the image's files
 */
export async function build(folder: string): Promise<Image> {
  for (const name of ["etc", "dev", "proc", "tmp", "root", "opt/node", "usr"])
    await mkdir(join(folder, name), { recursive: true });
  for (const name of BASE.slice(1)) await symlink(`usr/${name}`, join(folder, name));
  const image: Image = { env: {}, workdir: "/", user: "root", volumes: [], cmd: [], healthcheck: [], folder };
  const sent = new Set(
    textOf(".dockerignore")
      .split("\n")
      .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : [])),
  );

  for (const instruction of DockerfileParser.parse(textOf("Dockerfile")).getInstructions()) {
    const text = instruction.getArgumentsContent() ?? "";
    const args = instruction.getArguments().map((argument) => argument.getValue());
    const strings = () =>
      (instruction as JSONInstruction).getJSONStrings().map((argument) => JSON.parse(argument.getValue()));
    switch (instruction.getKeyword()) {
      case "ENV":
        for (const property of (instruction as Env).getProperties())
          image.env[property.getName()] = property.getValue() ?? "";
        break;
      case "WORKDIR":
        image.workdir = resolve(image.workdir, text);
        await mkdir(join(folder, image.workdir), { recursive: true });
        break;
      case "COPY": {
        const target = args.at(-1) ?? "";
        for (const source of (instruction as Copy)
          .getArguments()
          .slice(0, -1)
          .map((argument) => argument.getValue())) {
          if (!sent.has(source)) throw new Error(`.dockerignore keeps ${source} from the builder`);
          const to = target.endsWith("/") ? join(target, source) : target;
          await cp(join(root, source), join(folder, image.workdir, to), { recursive: true });
        }
        break;
      }
      case "RUN":
        await run("unshare", enter(image, ["sh", "-c", text], { isBuilding: true }), { maxBuffer: 2 ** 26 });
        break;
      case "USER":
        image.user = text;
        break;
      case "VOLUME":
        image.volumes.push(...args);
        break;
      case "HEALTHCHECK":
        image.healthcheck = JSON.parse(/CMD (\[.*\])$/s.exec(text)?.[1] ?? "[]");
        break;
      case "CMD":
        image.cmd = strings();
    }
  }
  // A new volume begins as the image has its folder.
  for (const [n, volume] of image.volumes.entries()) {
    await rename(join(folder, volume), volumeOf(image, n));
    await mkdir(join(folder, volume));
  }
  return image;
}

/** Where a volume's files are. */
export const volumeOf = ({ folder }: Image, n = 0) => `${folder}.volume${n}`;

/** Starts the image's command as process 1, with nothing but its volumes and /tmp to write to. */
export function start(image: Image, env: Record<string, string>): Launched {
  return launch("unshare", enter(image, image.cmd, { env }), {});
}

/** Runs something else in the image: as the same user, on the same volumes. */
export async function exec(image: Image, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run("unshare", enter(image, args, { env }));
  return stdout;
}

/** The number that process 1 of a started image has outside. */
export async function processOne({ child: { pid } }: Launched): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim());
}

type EnterOptions = { env?: Record<string, string>; isBuilding?: boolean };

/** The arguments for unshare(1) that run something within the image; while it is built, with everything writable. */
function enter(image: Image, args: string[], { env = {}, isBuilding = false }: EnterOptions): string[] {
  const { folder, workdir, user } = image;
  const uid = UID[user] ?? user;
  // The registry may be reached by way of a proxy whose certificate this machine knows.
  const building = isBuilding ? { NODE_USE_SYSTEM_CA: "1" } : {};
  const all = { ...image.env, ...building, HOME: "/tmp", PATH: "/opt/node:/usr/local/bin:/usr/bin:/bin", ...env };
  const settings = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const volumes = isBuilding ? [] : image.volumes.flatMap((path, n) => [volumeOf(image, n), join(folder, path)]);
  const inside = ["env", "-i", "-C", workdir, ...settings, ...args];
  return [
    ...["--mount", "--pid", "--fork", "--kill-child", "bash", "-euc", SCRIPT, "enter"],
    ...[folder, dirname(process.execPath), isBuilding ? "rw" : "ro", String(volumes.length / 2), ...volumes],
    ...["chroot", `--userspec=${uid}:${uid}`, folder, ...inside],
  ];
}

const SCRIPT = `
  folder=$1 node=$2 mode=$3 volumes=$4; shift 4
  mount --make-rprivate /
  mount --bind "$folder" "$folder"
  mount -o remount,bind,$mode "$folder"
  while [ $volumes -gt 0 ]; do mount --bind "$1" "$2"; shift 2; volumes=$((volumes - 1)); done
  mount --rbind -o ro /usr "$folder/usr"
  mount --bind -o ro /etc "$folder/etc"
  mount --bind /dev "$folder/dev"
  mount --bind -o ro "$node" "$folder/opt/node"
  mount -t proc proc "$folder/proc"
  mount -t tmpfs tmpfs "$folder/tmp"
  passwd=$(mktemp); { cat /etc/passwd; echo node:x:1000:1000::/tmp:/bin/sh; } > "$passwd"
  group=$(mktemp); { cat /etc/group; echo node:x:1000:; } > "$group"
  mount --bind "$passwd" "$folder/etc/passwd"; mount --bind "$group" "$folder/etc/group"; rm "$passwd" "$group"
  exec "$@"
`;
