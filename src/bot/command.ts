export type Command = { name: string; args: string };

/**
 * The command that a text begins with: its name in lower case and what follows it. `foreign` when it is addressed to
 * another bot, undefined when the text is none. Telegram leaves the case of commands to those who type them.
 */
export function readCommand(text: string, username: string): Command | "foreign" | undefined {
  const match = /^\/([a-z0-9_]{1,32})(?:@([a-z0-9_]+))?(?=\s|$)\s*([\s\S]*)$/i.exec(text);
  if (match === null) return undefined;
  const [, name = "", addressee, args = ""] = match;
  if (addressee !== undefined && addressee.toLowerCase() !== username.toLowerCase()) return "foreign";
  return { name: name.toLowerCase(), args: args.trim() };
}
