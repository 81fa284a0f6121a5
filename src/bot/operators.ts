import { acknowledge, say } from "./talk.ts";
import { begin, type Request } from "./turn.ts";

/** Whether the one who speaks is an operator of the bot. */
export function isOperator({ talk, ctx }: Request): boolean {
  return ctx.from !== undefined && talk.adminIds.includes(ctx.from.id);
}

type Command = (request: Request, args: string) => Promise<unknown>;
type Press = (request: Request, numbers: number[]) => Promise<unknown>;

/** A command of the operators: for everybody else there is no such command. */
export function forOperators(command: Command): Command {
  return async (request, args) => {
    if (isOperator(request)) await command(request, args);
    else if (request.ctx.chat?.type === "private")
      await say(request.ctx, (await begin(request)).text("unknown-command"));
  };
}

/** A button of theirs, which others may see in a group. */
export function pressedByOperators(press: Press): Press {
  return async (request, numbers) => {
    if (isOperator(request)) await press(request, numbers);
    else await acknowledge(request.ctx, (await begin(request)).text("button-outdated"));
  };
}
