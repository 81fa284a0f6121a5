/** What no client may send: the whole request is refused with 400, or another status. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
  readonly status: number;
  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** A statement or a batch that failed: told within an answer of 200. */
export class StatementError extends Error {
  override name = "StatementError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** As it is told to the client. */
export const told = ({ code, message }: StatementError) => ({ message, code });
