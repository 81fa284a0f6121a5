/**
 * The words of the product, one meaning each:
 * - source: a site that hosts wishlists · streamer: one public wishlist's owner on one source
 * - user: a Telegram chat that subscribes (a person, a group, a channel); `users.id` is the chat id
 * - tracking: this user wants this streamer's news · item: one wish · check: one look at one streamer, recorded
 * - event: something that happened to a wishlist, append-only · outbox: messages owed to users
 * - lookup: a first look at an unknown streamer that some chat waits for · leader: the holder of `scheduler_lock`
 * - operator: who runs the bot (`ADMIN_IDS`) · broadcast: what operators announce to all chats
 *
 * Times are integer milliseconds of the database's clock, money is integer minor units with an ISO currency, Telegram
 * ids are integers, and `thread_id` 0 means "no topic" (NULL would not be equal to itself in a key).
 */

import type { Announcement } from "./broadcasts.ts";
import { check, index, integer, primaryKey, real, sql, sqliteTable, text, uniqueIndex } from "./orm.ts";
import type { ChatSettings, TrackingSettings } from "./settings.ts";

export const users = sqliteTable(
  "users",
  {
    id: integer().primaryKey(),
    type: text({ enum: ["private", "group", "supergroup", "channel"] }).notNull(),
    /** Of groups and channels only: people's names are not stored. */
    title: text(),
    language: text().notNull(),
    settings: text({ mode: "json" }).$type<ChatSettings>().notNull().default({}),
    /** False while Telegram refuses the chat (blocked, kicked, gone): costs nothing, keeps its trackings. */
    active: integer({ mode: "boolean" }).notNull().default(true),
    /** Since when it has not been active; a chat that stays so is forgotten. NULL while it is. */
    closedAt: integer("closed_at"),
    /** Not before this may the next message go out: the chat's pace, or what a 429 asked for. */
    nextSendAt: integer("next_send_at").notNull().default(0),
    /**
     * News is held back until then, for quiet hours or a digest; what has piled up goes as one message afterwards. 0 when
     * nothing is held back.
     */
    heldUntil: integer("held_until").notNull().default(0),
    /** When Telegram last refused the chat in a way that may pass; a second time a day later closes it. */
    suspectSince: integer("suspect_since"),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [index("users_closed").on(t.closedAt).where(sql`closed_at IS NOT NULL`)],
);

export const streamers = sqliteTable(
  "streamers",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    source: text().notNull(),
    /** The source's own id: the identity. */
    ownerId: text("owner_id").notNull(),
    nickname: text().notNull(),
    /** The nickname folded; NULL once another owner answers to it. */
    nicknameKey: text("nickname_key"),
    name: text().notNull(),
    avatarUrl: text("avatar_url"),
    description: text(),
    url: text().notNull(),
    /** How many times a subscriber of an ordinary streamer counts here; set by operators. */
    priority: integer().notNull().default(1),
    /** When the list's baseline was stored; until then nothing is news. */
    baselinedAt: integer("baselined_at"),
    /** Since when no active chat tracks it. The first complete look after a sleep is a baseline again. */
    sleptAt: integer("slept_at"),
    /** NULL while it sleeps. */
    nextCheckAt: integer("next_check_at"),
    /** When the next look was to come before an operator hurried it; NULL when none has. */
    plannedAt: integer("planned_at"),
    /** The last complete look. */
    lastCheckedAt: integer("last_checked_at"),
    /** Complete looks recorded so far; numbers the checks. */
    checks: integer().notNull().default(0),
    /** Failed checks in a row that are this streamer's own fault, since when, and whether its subscribers know. */
    failures: integer().notNull().default(0),
    failingSince: integer("failing_since"),
    failureTold: integer("failure_told", { mode: "boolean" }).notNull().default(false),
    /** What the source recognises an unchanged list by; NULL while items are missed, which only whole looks may count. */
    fingerprint: text(),
    /** Looks in a row that found the list unchanged without reading all of it. */
    unchangedLooks: integer("unchanged_looks").notNull().default(0),
    /** Items on the list now. */
    listed: integer().notNull().default(0),
    /** Requests of a look, on average; items that were news, with forgetting, as of `news_at`, counted since `news_since`. */
    cost: real().notNull().default(1),
    news: real().notNull().default(0),
    newsAt: integer("news_at").notNull().default(0),
    newsSince: integer("news_since").notNull().default(0),
    /** When the profile was last read. */
    profileAt: integer("profile_at").notNull().default(0),
    /** When an item was last added, of the events that have been folded; NULL for none. */
    pastNewsAt: integer("past_news_at"),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    uniqueIndex("streamers_owner").on(t.source, t.ownerId),
    uniqueIndex("streamers_nickname").on(t.source, t.nicknameKey),
    index("streamers_due").on(t.nextCheckAt),
  ],
);

/** The trackings. */
export const userStreamers = sqliteTable(
  "user_streamers",
  {
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade", onUpdate: "cascade" }),
    streamerId: integer("streamer_id")
      .notNull()
      .references(() => streamers.id),
    /** The forum topic that its news goes to; 0 for none. */
    threadId: integer("thread_id").notNull().default(0),
    settings: text({ mode: "json" }).$type<TrackingSettings>().notNull().default({}),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.streamerId] }),
    index("user_streamers_streamer").on(t.streamerId, t.userId),
  ],
);

/** Groups and channels that a person may manage from the private chat with the bot; whether they still may is asked of Telegram. */
export const managers = sqliteTable(
  "managers",
  {
    personId: integer("person_id").notNull(),
    chatId: integer("chat_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade", onUpdate: "cascade" }),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.personId, t.chatId] }), index("managers_chat").on(t.chatId)],
);

/** What Telegram has been told about the bot itself (commands, descriptions), so that it is told only what has changed. */
export const publications = sqliteTable("publications", {
  /** What it is, with its scope and language. */
  key: text().primaryKey(),
  hash: text().notNull(),
  publishedAt: integer("published_at").notNull(),
});

/** Trackings just ended, kept a while as they were, so that Undo can restore them. */
export const untracked = sqliteTable(
  "untracked",
  {
    userId: integer("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade", onUpdate: "cascade" }),
    streamerId: integer("streamer_id")
      .notNull()
      .references(() => streamers.id),
    threadId: integer("thread_id").notNull(),
    settings: text({ mode: "json" }).$type<TrackingSettings>().notNull(),
    createdAt: integer("created_at").notNull(),
    untrackedAt: integer("untracked_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.streamerId] })],
);

/** Every item ever seen: rows are never deleted, so that what comes back is not taken for new. */
export const wishlistItems = sqliteTable(
  "wishlist_items",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    streamerId: integer("streamer_id")
      .notNull()
      .references(() => streamers.id),
    productId: text("product_id").notNull(),
    externalId: text("external_id"),
    name: text().notNull(),
    price: integer(),
    currency: text(),
    imageUrl: text("image_url"),
    productUrl: text("product_url"),
    isPinned: integer("is_pinned", { mode: "boolean" }).notNull(),
    isUnavailable: integer("is_unavailable", { mode: "boolean" }).notNull(),
    firstSeenAt: integer("first_seen_at").notNull(),
    removedAt: integer("removed_at"),
    /** Complete looks in a row that missed it. */
    missedLooks: integer("missed_looks").notNull().default(0),
    /** The last complete look that showed it; NULL while it is not missed. */
    lastSeenAt: integer("last_seen_at"),
    /** The product id under which the same product was added again: one vanished wish explains one new one. */
    replacedBy: text("replaced_by"),
    /**
     * What is left of its events that were too old to be kept, and have been folded
     * (docs/decisions/007-old-events-are-folded.md): how many, whether it was added then, from when to when, and between
     * which prices. `past_currency` is '' when they were of several currencies, and the prices NULL then.
     */
    pastEvents: integer("past_events").notNull().default(0),
    pastAdded: integer("past_added", { mode: "boolean" }).notNull().default(false),
    pastFrom: integer("past_from"),
    pastTo: integer("past_to"),
    pastLowest: integer("past_lowest"),
    pastHighest: integer("past_highest"),
    pastCurrency: text("past_currency"),
  },
  (t) => [
    uniqueIndex("wishlist_items_product").on(t.streamerId, t.productId),
    // /list counts from this index alone; a partial index on streamer_id would be read row by row (docs/performance.md).
    index("wishlist_items_listed").on(t.streamerId, t.removedAt),
    index("wishlist_items_external").on(t.streamerId, t.externalId),
    index("wishlist_items_past").on(t.streamerId, t.pastTo).where(sql`past_events > 0`),
  ],
);

/**
 * The history: append-only, each row a fact that stands by itself. Notifications are rendered from it. What is too old is
 * folded into its item.
 */
export const wishlistEvents = sqliteTable(
  "wishlist_events",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    streamerId: integer("streamer_id")
      .notNull()
      .references(() => streamers.id),
    /** `streamers.checks` of the check that found it. */
    checkNumber: integer("check_number").notNull(),
    kind: text({
      enum: [
        "added",
        "returned",
        "removed",
        "price_changed",
        "unavailable",
        "available",
        "pinned",
        "unpinned",
        "unreadable",
      ],
    }).notNull(),
    /** '' for `unreadable`, which is about the whole list; its name is then the outcome of the looks. */
    productId: text("product_id").notNull(),
    externalId: text("external_id"),
    name: text().notNull(),
    price: integer(),
    previousPrice: integer("previous_price"),
    currency: text(),
    imageUrl: text("image_url"),
    productUrl: text("product_url"),
    at: integer().notNull(),
  },
  (t) => [
    uniqueIndex("wishlist_events_check").on(t.streamerId, t.checkNumber, t.productId, t.kind),
    index("wishlist_events_recent").on(t.streamerId, t.at).where(sql`kind = 'added'`),
    index("wishlist_events_at").on(t.at),
  ],
);

/** One message owed: to one chat and topic, about one check of one streamer. Its text is rendered when it is claimed. */
export const outbox = sqliteTable(
  "outbox",
  {
    /** The order within a chat and topic. */
    id: integer().primaryKey({ autoIncrement: true }),
    chatId: integer("chat_id").notNull(),
    threadId: integer("thread_id").notNull(),
    streamerId: integer("streamer_id")
      .notNull()
      .references(() => streamers.id),
    checkNumber: integer("check_number").notNull(),
    state: text({ enum: ["pending", "sending", "sent", "skipped", "parked"] })
      .notNull()
      .default("pending"),
    attempts: integer().notNull().default(0),
    /** Sends whose outcome never became known: each may have arrived. */
    uncertain: integer().notNull().default(0),
    /** Send as plain text without a topic: Telegram refused the formatted message. */
    plain: integer({ mode: "boolean" }).notNull().default(false),
    /** Send outside of its topic, which is closed or gone. */
    besideTopic: integer("beside_topic", { mode: "boolean" }).notNull().default(false),
    nextAt: integer("next_at").notNull().default(0),
    claimEpoch: integer("claim_epoch"),
    claimNumber: integer("claim_number"),
    claimedAt: integer("claimed_at"),
    messageId: integer("message_id"),
    /** Something told in the message is gone since: it is to be edited. */
    isOutdated: integer("is_outdated", { mode: "boolean" }).notNull().default(false),
    lastError: text("last_error"),
    createdAt: integer("created_at").notNull(),
    doneAt: integer("done_at"),
  },
  (t) => [
    // The dedupe key: derived from data, so that no retry and no second leader can owe the same news twice.
    uniqueIndex("outbox_dedupe").on(t.chatId, t.threadId, t.streamerId, t.checkNumber),
    index("outbox_open").on(t.chatId, t.threadId, t.id).where(sql`state IN ('pending', 'sending')`),
    index("outbox_due").on(t.nextAt, t.id).where(sql`state IN ('pending', 'sending')`),
    index("outbox_done").on(t.doneAt).where(sql`done_at IS NOT NULL`),
    index("outbox_told").on(t.streamerId, t.checkNumber).where(sql`state = 'sent'`),
    index("outbox_outdated").on(t.id).where(sql`is_outdated`),
    index("outbox_parked").on(t.id).where(sql`state = 'parked'`),
  ],
);

/** First looks that chats wait for. A row lives until its answer has been shown. */
export const lookups = sqliteTable(
  "lookups",
  {
    source: text().notNull(),
    nicknameKey: text("nickname_key").notNull(),
    chatId: integer("chat_id").notNull(),
    /** As the person wrote it, for the answer. */
    nickname: text().notNull(),
    threadId: integer("thread_id").notNull(),
    /** The "looking…" message to be edited; NULL until it has been sent. Rows of one message are answered together. */
    messageId: integer("message_id"),
    /** Where the answer is shown when that is another chat: the private one from which a group or channel is managed. */
    answerChatId: integer("answer_chat_id"),
    language: text().notNull(),
    attempts: integer().notNull().default(0),
    nextAt: integer("next_at").notNull(),
    /** What the last look came to; NULL before the first. */
    outcome: text(),
    /** No further look is owed: the row waits for its message to show the outcome. */
    done: integer({ mode: "boolean" }).notNull().default(false),
    /** The outcome that the message shows now. */
    shown: text(),
    /** Not before this is the message edited again: Telegram did not take the last edit. */
    answerAt: integer("answer_at").notNull().default(0),
    streamerId: integer("streamer_id").references(() => streamers.id),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.source, t.nicknameKey, t.chatId] }),
    index("lookups_due").on(t.nextAt),
    index("lookups_message").on(t.chatId, t.messageId),
  ],
);

/** What a new leader must know of each site to go on politely. */
export const sourceStates = sqliteTable("source_states", {
  source: text().primaryKey(),
  /** Requests as `[second, count]` pairs of the last minute, DB clock. */
  requests: text({ mode: "json" }).$type<[number, number][]>().notNull(),
  /** The site asked for silence until then. */
  pausedUntil: integer("paused_until").notNull().default(0),
  /** The rate is divided by this (1, 2, 4 or 8) since `slowed_at`: the site refused us. */
  slowness: integer().notNull().default(1),
  slowedAt: integer("slowed_at").notNull().default(0),
  /** Since when too few looks are complete to trust the site, and whether the operators know. */
  distrustedSince: integer("distrusted_since"),
  distrustTold: integer("distrust_told", { mode: "boolean" }).notNull().default(false),
});

/** What operators have halted: a part of the leader's work that has a row here rests. */
export const halts = sqliteTable("halts", {
  part: text({ enum: ["checks", "delivery"] }).primaryKey(),
  since: integer().notNull(),
});

/** What the instances' logs have warned of, counted by ten minutes: for the operators. Holds nothing about people. */
export const incidents = sqliteTable(
  "incidents",
  {
    /** When the ten minutes began. */
    at: integer().notNull(),
    level: text({ enum: ["warn", "error"] }).notNull(),
    /** The line's `msg`. */
    what: text().notNull(),
    /** What came of it, or why, without numbers that tell single cases apart. */
    detail: text().notNull(),
    count: integer().notNull(),
    /** How many of them the operators have not been told, and since when there have been any. */
    untold: integer().notNull(),
    untoldSince: integer("untold_since").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.at, t.level, t.what, t.detail] }),
    index("incidents_untold").on(t.untoldSince).where(sql`untold > 0`),
  ],
);

/** What operators announce to all chats. */
export const broadcasts = sqliteTable(
  "broadcasts",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    /** A rehearsal does all but send; what has been rehearsed can be sent. */
    state: text({ enum: ["draft", "rehearsing", "rehearsed", "sending", "stopped", "done"] })
      .notNull()
      .default("draft"),
    texts: text({ mode: "json" }).$type<Announcement>().notNull(),
    /** Of the operator who sees how far it is. */
    language: text().notNull(),
    /** The message that shows that; NULL once there is none. */
    chatId: integer("chat_id"),
    messageId: integer("message_id"),
    /** That message shows how it ended. */
    isShown: integer("is_shown", { mode: "boolean" }).notNull().default(false),
    createdAt: integer("created_at").notNull(),
    startedAt: integer("started_at"),
    endedAt: integer("ended_at"),
  },
  (t) => [index("broadcasts_state").on(t.state)],
);

/** One announcement owed to one chat: claimed, sent and recorded as the outbox is. */
export const broadcastMessages = sqliteTable(
  "broadcast_messages",
  {
    broadcastId: integer("broadcast_id")
      .notNull()
      .references(() => broadcasts.id, { onDelete: "cascade" }),
    chatId: integer("chat_id").notNull(),
    threadId: integer("thread_id").notNull(),
    state: text({ enum: ["pending", "sending", "sent", "skipped", "parked"] })
      .notNull()
      .default("pending"),
    attempts: integer().notNull().default(0),
    /** Sends whose outcome never became known. */
    uncertain: integer().notNull().default(0),
    nextAt: integer("next_at").notNull().default(0),
    claimEpoch: integer("claim_epoch"),
    claimedAt: integer("claimed_at"),
    lastError: text("last_error"),
  },
  (t) => [
    primaryKey({ columns: [t.chatId, t.broadcastId] }),
    index("broadcast_messages_state").on(t.broadcastId, t.state),
    index("broadcast_messages_open").on(t.broadcastId, t.nextAt, t.chatId).where(sql`state IN ('pending', 'sending')`),
  ],
);

/** One row, seeded by a migration, never deleted. */
export const schedulerLock = sqliteTable(
  "scheduler_lock",
  {
    id: integer().primaryKey(),
    /** '' when released. NOT NULL is what the fence trips over. */
    instanceId: text("instance_id").notNull(),
    /** The fencing token: grows by one at each change of holder. */
    epoch: integer().notNull(),
    acquiredAt: integer("acquired_at").notNull(),
    lastHeartbeat: integer("last_heartbeat").notNull(),
  },
  (t) => [check("scheduler_lock_one_row", sql`${t.id} = 1`)],
);
