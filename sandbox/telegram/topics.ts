import type { Chats } from "./chats.ts";
import type { createMembership } from "./membership.ts";
import type { Chat } from "./types.ts";

/** Topics of forums. A topic's id is that of the service message that opened it. */
export function createTopics({
  chats,
  service,
}: {
  chats: Chats;
  service: ReturnType<typeof createMembership>["service"];
}) {
  function topicOf(chat: Chat, threadId: number) {
    const topic = chats.room(chat).topics.get(threadId);
    if (topic === undefined) throw new Error(`There is no topic ${threadId} in chat ${chat.id}`);
    return topic;
  }
  return {
    topic(chat: Chat, name = "Topic"): number {
      const room = chats.room(chat);
      if (!room.isForum) throw new Error(`Chat ${chat.id} is no forum`);
      // Before the message: it belongs to the topic it opens.
      const threadId = room.lastMessageId + 1;
      room.topics.set(threadId, { name, isClosed: false });
      service(room, { forum_topic_created: { name, icon_color: 7_322_096 } }, threadId);
      return threadId;
    },
    /** The bot's sends there get TOPIC_CLOSED, unless it is an administrator. */
    closeTopic(chat: Chat, threadId: number) {
      topicOf(chat, threadId).isClosed = true;
      service(chats.room(chat), { forum_topic_closed: {} }, threadId);
    },
    reopenTopic(chat: Chat, threadId: number) {
      topicOf(chat, threadId).isClosed = false;
      service(chats.room(chat), { forum_topic_reopened: {} }, threadId);
    },
    /** Its messages go with it, and no update tells of it. */
    deleteTopic(chat: Chat, threadId: number) {
      topicOf(chat, threadId);
      const room = chats.room(chat);
      room.topics.delete(threadId);
      for (const message of room.messages.values()) if (message.threadId === threadId) room.messages.delete(message.id);
    },
  };
}
