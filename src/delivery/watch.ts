import { GrammyError, type Transformer } from "grammy";
import { type Meaning, readAnswer } from "./answers.ts";

/** Tells what Telegram answers to each call. Of a call that we have ended ourselves nothing is told. */
export function watchAnswers(tell: (method: string, answer: "ok" | Meaning) => void): Transformer {
  return async (call, method, payload, signal) => {
    try {
      const response = await call(method, payload, signal);
      tell(method, response.ok ? "ok" : readAnswer(new GrammyError("", response, method, {})).meaning);
      return response;
    } catch (error) {
      if (!signal?.aborted) tell(method, readAnswer(error).meaning);
      throw error;
    }
  };
}
