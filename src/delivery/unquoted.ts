/**
 * What Telegram answers, without what it quotes: a button's address, a tag of the text, which tell of people. The quotes
 * stay, empty. An apostrophe ("can't") is none.
 */
export function unquoted(description: string): string {
  return description.replace(/"[^"]*"/g, '""').replace(/(?<=^|[\s(:])'.*?'(?=$|[\s,.:;)])/gs, "''");
}
