import type { Chats } from "./chats.ts";
import { badRequest } from "./errors.ts";
import { textOf } from "./fields.ts";
import type { Request } from "./methods.ts";
import { documentId } from "./wire.ts";

/** getFile downloads at most this (core.telegram.org/bots/api#getfile). */
const longestFile = 20 * 1024 * 1024;

/** Documents that people and the bot have sent: `getFile`, and what `/file/bot<token>/<path>` then gives. */
export function createFiles({ chats }: { chats: Chats }) {
  function find(fileId: string): string | undefined {
    for (const room of chats.rooms.values()) {
      for (const { id, document } of room.messages.values()) {
        if (document !== undefined && documentId(room.id, id) === fileId) return document.text;
      }
    }
    return undefined;
  }

  return {
    /** The text behind a `file_path`; undefined when there is none. */
    read: (path: string) => find(path.replace(/^documents\//, "")),
    methods: {
      getFile({ params }: Request) {
        const fileId = textOf(params, "file_id");
        const text = find(fileId);
        if (text === undefined) throw badRequest("wrong file_id or the file is temporarily unavailable");
        const size = Buffer.byteLength(text);
        if (size > longestFile) throw badRequest("file is too big");
        return { file_id: fileId, file_unique_id: `u-${fileId}`, file_size: size, file_path: `documents/${fileId}` };
      },
    },
  };
}
