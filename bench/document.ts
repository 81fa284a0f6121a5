import type { Aim, Section, Table } from "./section.ts";
import type { Setting } from "./setting.ts";

const WIDTH = 120;

const HOW_TO_READ = `Everything that one table compares ran in turns on one machine, and each figure is the median of the rounds
that its section speaks of, after one that warms up. Machines differ, and so do the hours of one machine: trust the ratios inside
a table ("0.23×": 0.23 times the figure marked 1×), not the figures. What is measured, what drives it, and the simulated Telegram
and sites share the processors. An aim that is missed on a busy machine may be met on an idle one: \`npm run bench -- --only
lists\` measures one section again, and \`--short\` only shows that everything runs.`;

const BUSY =
  "**The machine was busy with other work when this was measured: most figures, and some ratios, are too bad.**";

/** docs/performance.md, from a full run. */
export function renderDocument(
  sections: Section[],
  { machine, versions, isBusy }: Setting,
  { date, minutes }: { date: Date; minutes: number },
): string {
  const aims = sections.flatMap(({ title, aims }) => aims.map((aim) => ({ title, ...aim })));
  const missed = aims.filter(({ isMet }) => !isMet).length;
  return `${[
    "# Performance",
    wrap(`What \`npm run bench\` measured on ${date.toISOString().slice(0, 10)}, in ${minutes.toFixed(1)} minutes. The command
      writes this page as a whole: what is to be said here belongs into \`bench/\`.`),
    ...(isBusy ? [BUSY] : []),
    wrap(HOW_TO_READ),
    "## Machine and versions",
    renderTable({ columns: ["machine", ""], rows: machine }),
    renderTable({ columns: ["version of", ""], rows: versions }),
    "## Aims",
    missed === 0 ? `All ${aims.length} are met.` : `${missed} of ${aims.length} are **missed**.`,
    renderTable({
      columns: ["section", "aim", "measured", ""],
      rows: aims.map(({ title, ...aim }) => [title, aim.aim, aim.measured, verdict(aim)]),
    }),
    ...sections.map(renderSection),
  ].join("\n\n")}\n`;
}

/** One section as Markdown that reads well on a terminal too. */
export function renderSection({ title, method, tables, aims }: Section): string {
  const lines = aims.map((aim) => `- ${aim.aim}: ${aim.measured}, ${verdict(aim)}`);
  return [
    `## ${title}`,
    wrap(method),
    ...tables.flatMap((table) => [`${table.caption}:`, renderTable(table)]),
    ...(lines.length > 0 ? [lines.join("\n")] : []),
  ].join("\n\n");
}

const verdict = ({ isMet }: Aim) => (isMet ? "met" : "**missed**");

function renderTable({ columns, rows }: Omit<Table, "caption">): string {
  const cells = [columns, ...rows].map((row) => columns.map((_, n) => (row[n] ?? "").replaceAll("|", "\\|")));
  const widths = columns.map((_, n) => Math.max(3, ...cells.map((row) => row[n]?.length ?? 0)));
  const [head, ...body] = cells.map((row) => `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(" | ")} |`);
  return [head, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body].join("\n");
}

/** Paragraphs, as they come out of templates, in lines of a page's width. */
function wrap(text: string): string {
  const paragraphs = text.split(/\n\s*\n/).map((paragraph) => paragraph.trim().split(/\s+/));
  return paragraphs
    .map((words) =>
      words.reduce((page, word) => {
        const line = page.length - page.lastIndexOf("\n") - 1;
        return line + 1 + word.length > WIDTH ? `${page}\n${word}` : `${page} ${word}`;
      }),
    )
    .join("\n\n");
}
