ALTER TABLE `streamers` ADD `past_news_at` integer;--> statement-breakpoint
ALTER TABLE `users` ADD `closed_at` integer;--> statement-breakpoint
CREATE INDEX `users_closed` ON `users` (`closed_at`) WHERE closed_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `wishlist_items` ADD `past_events` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `wishlist_items` ADD `past_added` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `wishlist_items` ADD `past_from` integer;--> statement-breakpoint
ALTER TABLE `wishlist_items` ADD `past_to` integer;--> statement-breakpoint
ALTER TABLE `wishlist_items` ADD `past_lowest` integer;--> statement-breakpoint
ALTER TABLE `wishlist_items` ADD `past_highest` integer;--> statement-breakpoint
ALTER TABLE `wishlist_items` ADD `past_currency` text;--> statement-breakpoint
CREATE INDEX `wishlist_items_past` ON `wishlist_items` (`streamer_id`,`past_to`) WHERE past_events > 0;--> statement-breakpoint
CREATE INDEX `wishlist_events_at` ON `wishlist_events` (`at`);--> statement-breakpoint
UPDATE `users` SET `closed_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE NOT `active`;
