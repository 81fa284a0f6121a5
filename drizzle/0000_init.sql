CREATE TABLE `lookups` (
	`source` text NOT NULL,
	`nickname_key` text NOT NULL,
	`chat_id` integer NOT NULL,
	`nickname` text NOT NULL,
	`thread_id` integer NOT NULL,
	`message_id` integer,
	`language` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`next_at` integer NOT NULL,
	`outcome` text,
	`done` integer DEFAULT false NOT NULL,
	`shown` text,
	`answer_at` integer DEFAULT 0 NOT NULL,
	`streamer_id` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`source`, `nickname_key`, `chat_id`),
	FOREIGN KEY (`streamer_id`) REFERENCES `streamers`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `lookups_due` ON `lookups` (`next_at`);--> statement-breakpoint
CREATE INDEX `lookups_message` ON `lookups` (`chat_id`,`message_id`);--> statement-breakpoint
CREATE TABLE `outbox` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`chat_id` integer NOT NULL,
	`thread_id` integer NOT NULL,
	`streamer_id` integer NOT NULL,
	`check_number` integer NOT NULL,
	`state` text DEFAULT 'pending' NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`uncertain` integer DEFAULT 0 NOT NULL,
	`plain` integer DEFAULT false NOT NULL,
	`next_at` integer DEFAULT 0 NOT NULL,
	`claim_epoch` integer,
	`claim_number` integer,
	`claimed_at` integer,
	`message_id` integer,
	`last_error` text,
	`created_at` integer NOT NULL,
	`done_at` integer,
	FOREIGN KEY (`streamer_id`) REFERENCES `streamers`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_dedupe` ON `outbox` (`chat_id`,`thread_id`,`streamer_id`,`check_number`);--> statement-breakpoint
CREATE INDEX `outbox_open` ON `outbox` (`chat_id`,`thread_id`,`id`) WHERE state IN ('pending', 'sending');--> statement-breakpoint
CREATE INDEX `outbox_due` ON `outbox` (`next_at`,`id`) WHERE state IN ('pending', 'sending');--> statement-breakpoint
CREATE INDEX `outbox_done` ON `outbox` (`done_at`) WHERE done_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `scheduler_lock` (
	`id` integer PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`epoch` integer NOT NULL,
	`acquired_at` integer NOT NULL,
	`last_heartbeat` integer NOT NULL,
	CONSTRAINT "scheduler_lock_one_row" CHECK("scheduler_lock"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE `source_states` (
	`source` text PRIMARY KEY NOT NULL,
	`requests` text NOT NULL,
	`paused_until` integer DEFAULT 0 NOT NULL,
	`slowness` integer DEFAULT 1 NOT NULL,
	`slowed_at` integer DEFAULT 0 NOT NULL,
	`distrusted_since` integer,
	`distrust_told` integer DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE `streamers` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source` text NOT NULL,
	`owner_id` text NOT NULL,
	`nickname` text NOT NULL,
	`nickname_key` text,
	`name` text NOT NULL,
	`avatar_url` text,
	`description` text,
	`url` text NOT NULL,
	`priority` integer DEFAULT 1 NOT NULL,
	`baselined_at` integer,
	`slept_at` integer,
	`next_check_at` integer,
	`last_checked_at` integer,
	`checks` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`failing_since` integer,
	`failure_told` integer DEFAULT false NOT NULL,
	`fingerprint` text,
	`unchanged_looks` integer DEFAULT 0 NOT NULL,
	`listed` integer DEFAULT 0 NOT NULL,
	`cost` real DEFAULT 1 NOT NULL,
	`news` real DEFAULT 0 NOT NULL,
	`news_at` integer DEFAULT 0 NOT NULL,
	`news_since` integer DEFAULT 0 NOT NULL,
	`profile_at` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `streamers_owner` ON `streamers` (`source`,`owner_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `streamers_nickname` ON `streamers` (`source`,`nickname_key`);--> statement-breakpoint
CREATE INDEX `streamers_due` ON `streamers` (`next_check_at`);--> statement-breakpoint
CREATE TABLE `untracked` (
	`user_id` integer NOT NULL,
	`streamer_id` integer NOT NULL,
	`thread_id` integer NOT NULL,
	`settings` text NOT NULL,
	`created_at` integer NOT NULL,
	`untracked_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `streamer_id`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE cascade ON DELETE cascade,
	FOREIGN KEY (`streamer_id`) REFERENCES `streamers`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `user_streamers` (
	`user_id` integer NOT NULL,
	`streamer_id` integer NOT NULL,
	`thread_id` integer DEFAULT 0 NOT NULL,
	`settings` text DEFAULT '{}' NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `streamer_id`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE cascade ON DELETE cascade,
	FOREIGN KEY (`streamer_id`) REFERENCES `streamers`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `user_streamers_streamer` ON `user_streamers` (`streamer_id`,`user_id`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` integer PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`title` text,
	`language` text NOT NULL,
	`settings` text DEFAULT '{}' NOT NULL,
	`active` integer DEFAULT true NOT NULL,
	`next_send_at` integer DEFAULT 0 NOT NULL,
	`suspect_since` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `wishlist_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`streamer_id` integer NOT NULL,
	`check_number` integer NOT NULL,
	`kind` text NOT NULL,
	`product_id` text NOT NULL,
	`external_id` text,
	`name` text NOT NULL,
	`price` integer,
	`previous_price` integer,
	`currency` text,
	`image_url` text,
	`product_url` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`streamer_id`) REFERENCES `streamers`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `wishlist_events_check` ON `wishlist_events` (`streamer_id`,`check_number`,`product_id`,`kind`);--> statement-breakpoint
CREATE TABLE `wishlist_items` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`streamer_id` integer NOT NULL,
	`product_id` text NOT NULL,
	`external_id` text,
	`name` text NOT NULL,
	`price` integer,
	`currency` text,
	`image_url` text,
	`product_url` text,
	`is_pinned` integer NOT NULL,
	`is_unavailable` integer NOT NULL,
	`first_seen_at` integer NOT NULL,
	`removed_at` integer,
	`missed_looks` integer DEFAULT 0 NOT NULL,
	`last_seen_at` integer,
	`replaced_by` text,
	FOREIGN KEY (`streamer_id`) REFERENCES `streamers`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `wishlist_items_product` ON `wishlist_items` (`streamer_id`,`product_id`);--> statement-breakpoint
CREATE INDEX `wishlist_items_listed` ON `wishlist_items` (`streamer_id`,`removed_at`);--> statement-breakpoint
CREATE INDEX `wishlist_items_external` ON `wishlist_items` (`streamer_id`,`external_id`);