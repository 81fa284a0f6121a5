CREATE TABLE `broadcast_messages` (
	`broadcast_id` integer NOT NULL,
	`chat_id` integer NOT NULL,
	`thread_id` integer NOT NULL,
	`state` text DEFAULT 'pending' NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`uncertain` integer DEFAULT 0 NOT NULL,
	`next_at` integer DEFAULT 0 NOT NULL,
	`claim_epoch` integer,
	`claimed_at` integer,
	`last_error` text,
	PRIMARY KEY(`chat_id`, `broadcast_id`),
	FOREIGN KEY (`broadcast_id`) REFERENCES `broadcasts`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `broadcast_messages_state` ON `broadcast_messages` (`broadcast_id`,`state`);--> statement-breakpoint
CREATE INDEX `broadcast_messages_open` ON `broadcast_messages` (`broadcast_id`,`next_at`,`chat_id`) WHERE state IN ('pending', 'sending');--> statement-breakpoint
CREATE TABLE `broadcasts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`state` text DEFAULT 'draft' NOT NULL,
	`texts` text NOT NULL,
	`language` text NOT NULL,
	`chat_id` integer,
	`message_id` integer,
	`is_shown` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `broadcasts_state` ON `broadcasts` (`state`);--> statement-breakpoint
CREATE TABLE `halts` (
	`part` text PRIMARY KEY NOT NULL,
	`since` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `incidents` (
	`at` integer NOT NULL,
	`level` text NOT NULL,
	`what` text NOT NULL,
	`detail` text NOT NULL,
	`count` integer NOT NULL,
	`untold` integer NOT NULL,
	`untold_since` integer NOT NULL,
	PRIMARY KEY(`at`, `level`, `what`, `detail`)
);
--> statement-breakpoint
CREATE INDEX `incidents_untold` ON `incidents` (`untold_since`) WHERE untold > 0;--> statement-breakpoint
CREATE TABLE `managers` (
	`person_id` integer NOT NULL,
	`chat_id` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`person_id`, `chat_id`),
	FOREIGN KEY (`chat_id`) REFERENCES `users`(`id`) ON UPDATE cascade ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `managers_chat` ON `managers` (`chat_id`);--> statement-breakpoint
CREATE TABLE `publications` (
	`key` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`published_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `lookups` ADD `answer_chat_id` integer;--> statement-breakpoint
ALTER TABLE `outbox` ADD `beside_topic` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `outbox` ADD `is_outdated` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `outbox_told` ON `outbox` (`streamer_id`,`check_number`) WHERE state = 'sent';--> statement-breakpoint
CREATE INDEX `outbox_outdated` ON `outbox` (`id`) WHERE is_outdated;--> statement-breakpoint
CREATE INDEX `outbox_parked` ON `outbox` (`id`) WHERE state = 'parked';--> statement-breakpoint
ALTER TABLE `streamers` ADD `planned_at` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `held_until` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `wishlist_events_recent` ON `wishlist_events` (`streamer_id`,`at`) WHERE kind = 'added';