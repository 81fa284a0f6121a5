operator-distrust = ⚠️ Большинство проверок { $source } не удаются или выглядят неправдоподобно. Выводов из них я не делаю, спрашиваю реже и продолжу сам, когда станет лучше. Подробности в логе.

priority-usage = /priority ник normal, high или vip
priority-unknown = За { $nickname } здесь никто не следит.
priority-done = { $name }: { $level }

halt-usage = /halt checks, delivery или all; возобновить: /resume
halt-commands = Команды работают в любом случае.
halt-checks = ⏸ Остановить проверки
halt-delivery = ⏸ Остановить доставку
halt-all = ⏸ Остановить всё
resume-checks = ▶️ Возобновить проверки
resume-delivery = ▶️ Возобновить доставку
checks-on = 🔎 Проверки идут
checks-halted = ⏸ Проверки остановлены { $ago } назад
delivery-on = 📮 Доставка идёт
delivery-halted = ⏸ Доставка остановлена { $ago } назад

status-button = 📊 Состояние
status-refresh = 🔄 Обновить
status-halt = ⏸ Остановить…
status-resume = ▶️ Возобновить…
status-title = 📊 <b>Wishbell { $version }</b>
status-leader = Ведёт { $instance }: с { $since }, срок { $term }, пульс { $age } назад
status-nobody = Сейчас никто не ведёт: ни проверок, ни доставки нет
status-same = Отвечает он же
status-here = Отвечает { $instance }
status-site = • { $source }: опоздание { $lag }, запросов за минуту { $used }
status-site-paused = • сайт просил подождать, осталось { $time }
status-site-distrusted = • сайту не верю уже { $time }: взгляды не удаются или неправдоподобны
status-outbox = • ждут отправки: { $owed }, дольше всех { $oldest }; не доставлено: { $parked }
status-no-incidents = ✅ За час ни ошибок, ни предупреждений
status-incidents = За час ошибок: { $errors }, предупреждений: { $warnings }
status-streamers = Стримеров: { $streamers }, из них спят: { $asleep }
status-chats = Подписок: { $trackings }, чатов: { $chats }, недоступных: { $blocked }
status-size = База: { $size }

recheck-usage = /recheck ник: посмотреть на вишлист сейчас, не дожидаясь очереди
recheck-unknown = Такого стримера здесь нет: { $nickname }
recheck-gone = Этого стримера больше нет.
recheck-asleep = Сейчас за ним никто не следит, поэтому я на него не смотрю.
recheck-now = Посмотрю сейчас, как только позволит лимит запросов. Что пропало с вишлиста, этот взгляд не решает.
recheck-halted = Проверки остановлены: посмотрю, когда их возобновят.
recheck-next = Следующий взгляд через { $time }
recheck-never = Вишлист целиком ещё не удавалось прочитать.
recheck-last = Последний удачный взгляд { $ago } назад, товаров: { $listed }
recheck-failures = Неудач подряд: { $failures }
recheck-again = 🔎 Посмотреть сейчас

broadcast-ask = 📣 Что объявить всем чатам? Ответьте текстом, можно с оформлением. Чтобы каждый чат прочёл на своём языке, напишите по-русски, потом строку «---», потом по-английски.
broadcast-placeholder = Текст, ---, Text
broadcast-private = Объявления пишутся в личном чате со мной.
broadcast-usage = Нужен один текст для всех или два, русский и английский, и между ними одна строка «---».
broadcast-refused = Telegram такое сообщение не принимает: { $error }
broadcast-audience =
    { $count ->
        [0] 📣 Получать это некому.
        [one] 📣 Так это выглядит. Получит { $count } чат.
        [few] 📣 Так это выглядит. Получат { $count } чата.
       *[many] 📣 Так это выглядит. Получат { $count } чатов.
    }
broadcast-kinds = Личных: { $people }, групп: { $groups }, каналов: { $channels }
broadcast-languages = По-русски: { $russian }, по-английски: { $english }
broadcast-rate = До { $rate } в секунду, новости идут первыми: не быстрее, чем за { $time }. У кого тихие часы, получит потом.
broadcast-rehearse = 🧪 Репетиция: всё, кроме отправки
broadcast-send = 📣 Разослать…
broadcast-drop = 🗑 Выбросить
broadcast-dropped = 🗑 Выброшено, никто ничего не получил.
broadcast-sure = Точно разослать?
broadcast-yes = 📣 Да, разослать
broadcast-rehearsing = 🧪 Репетирую, никто ничего не получает: { $sent } из { $all }
broadcast-rehearsed = 🧪 Репетиция прошла за { $time }: { $sent } из { $all }. Никто ничего не получил.
broadcast-sending = 📣 Рассылаю: { $sent } из { $all }
broadcast-stopped = ⏹ Остановлено: дошло { $sent } из { $all }
broadcast-done = ✅ Разослано: дошло { $sent } из { $all }
broadcast-quiet = 🌙 Ждут конца тихих часов: { $number }
broadcast-failed = Не принял Telegram: { $number }
broadcast-skipped = Ушли или опоздали: { $number }
broadcast-stop = ⏹ Остановить
broadcast-continue = ▶️ Продолжить
broadcast-busy = Сейчас идёт другая рассылка или репетиция.
broadcast-gone = Этого объявления больше нет.
broadcast-halted = ⏸ Доставка остановлена: рассылка ждёт, пока её возобновят (/resume).

incidents-title = 🩺 <b>Что за сутки пошло не так</b>
incidents-more =
    { $count ->
        [one] … и ещё { $count } вид событий
        [few] … и ещё { $count } вида событий
       *[many] … и ещё { $count } видов событий
    }
incidents-log = Подробности в логе, сейчас: /status
