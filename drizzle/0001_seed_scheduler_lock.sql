-- The lock's only row, free from the start: it is never deleted, since the fence would pass without it.
INSERT INTO `scheduler_lock` (`id`, `instance_id`, `epoch`, `acquired_at`, `last_heartbeat`) VALUES (1, '', 0, 0, 0);
