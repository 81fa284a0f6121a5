import type { Changes } from "./changes.ts";
import type { Room, Stored } from "./chats.ts";

export type Messages = ReturnType<typeof createMessages>;
type Content = Partial<Omit<Stored, "id" | "chatId" | "date" | "editedAt">>;

/** Writes into chats: every message gets the chat's next id; an edit replaces the value, so that older copies stay true. */
export function createMessages({ now, changes }: { now: () => number; changes: Changes }) {
  return {
    post(room: Room, content: Content): Stored {
      const message: Stored = {
        text: "",
        entities: [],
        buttons: [],
        keyboard: [],
        fromBot: false,
        asChat: false,
        silent: false,
        ...content,
        id: ++room.lastMessageId,
        chatId: room.id,
        date: now(),
      };
      room.messages.set(message.id, message);
      changes.emit({ kind: "message", message });
      return message;
    },
    edit(room: Room, old: Stored, content: Content): Stored {
      const message = { ...old, ...content, editedAt: now() };
      room.messages.set(message.id, message);
      changes.emit({ kind: "edit", message });
      return message;
    },
    remove(room: Room, id: number) {
      room.messages.delete(id);
      changes.emit({ kind: "delete", chatId: room.id, messageId: id });
    },
  };
}
