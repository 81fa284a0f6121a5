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
ALTER TABLE `outbox` ADD `is_outdated` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `outbox_told` ON `outbox` (`streamer_id`,`check_number`) WHERE state = 'sent';--> statement-breakpoint
CREATE INDEX `outbox_outdated` ON `outbox` (`id`) WHERE is_outdated;--> statement-breakpoint
ALTER TABLE `users` ADD `held_until` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `wishlist_events_recent` ON `wishlist_events` (`streamer_id`,`at`) WHERE kind = 'added';