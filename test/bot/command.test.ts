import { expect, test } from "vitest";
import { readCommand } from "../../src/bot/command.ts";

test.each([
  ["/track", { name: "track", args: "" }],
  ["/Track Mila", { name: "track", args: "Mila" }],
  ["/TRACK@wishbelltestBOT  a\nb ", { name: "track", args: "a\nb" }],
  ["/list\n", { name: "list", args: "" }],
  ["/track@OtherBot Mila", "foreign"],
  ["track Mila", undefined],
  ["/", undefined],
  ["/трек Мила", undefined],
  ["/track,Mila", undefined],
  ["/track@", undefined],
  [`/${"a".repeat(33)}`, undefined],
  [" /track", undefined],
  ["", undefined],
])("%j is read as %j", (text, command) => {
  expect(readCommand(text, "WishbellTestBot")).toEqual(command);
});
