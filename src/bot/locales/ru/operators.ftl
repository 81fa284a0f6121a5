operator-distrust = ⚠️ Большинство проверок { $source } не удаются или выглядят неправдоподобно. Выводов из них я не делаю, спрашиваю реже и продолжу сам, когда станет лучше. Подробности в логе.

priority-usage = /priority ник normal, high или vip
priority-unknown = За { $nickname } здесь никто не следит.
priority-done = { $name }: { $level }
