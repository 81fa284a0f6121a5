settings-title = ⚙️ <b>Настройки</b>
settings-language = 🌐 Язык: { $language }
settings-notify = 🔔 Поводы написать: { $what }
settings-no-quiet = 🌙 Тихие часы: нет
settings-quiet = 🌙 Тихие часы: { $hours }, новости подождут до конца
settings-quiet-silent = 🌙 Тихие часы: { $hours }, новости приходят без звука
settings-no-digest = 🗞 Сводка: нет, пишу сразу
settings-digest = 🗞 Сводка: раз в день, в { $at }
settings-zone = 🕐 Часовой пояс: { $zone }
settings-everybody = 👥 Менять список и настройки могут все
settings-administrators = 👥 Менять список и настройки могут администраторы
settings-language-button = 🌐 Язык
settings-notify-button = 🔔 О чём писать
settings-quiet-button = 🌙 Тихие часы
settings-digest-button = 🗞 Сводка
settings-zone-button = 🕐 Часовой пояс
settings-everybody-button = 👥 Разрешить всем
settings-administrators-button = 👥 Только администраторам
settings-ask-in-private = Слова, цены и своё время для канала задаются в личном чате со мной.
settings-outdated = Настройки уже изменились.

language-question = 🌐 На каком языке писать?
language-auto = как у вас в Telegram
language-ru = русский
language-en = English
language-done = 🌐 Язык: { $language }

topic-all-here = 📌 Всё в эту тему
topic-all-this = 📌 Новости приходят в эту тему
topic-some-this = 📌 Новости приходят в разные темы, в том числе в эту
topic-all-elsewhere = 📌 Новости приходят в другие темы

notify-title = 🔔 <b>О чём писать</b>
notify-title-own = 🏷 { $name }: свои поводы
notify-title-shared = 🏷 { $name }: поводы как для всех
notify-now = Поводы написать: { $what }
notify-added = новое
notify-drop = дешевле на { $percent } и больше
notify-below = цена стала { $price } или ниже
notify-available = снова в наличии
notify-gone = исчезло
notify-nothing = никаких
notify-added-button = Новое
notify-available-button = Снова в наличии
notify-gone-button = Исчезло
notify-drop-button = Дешевле: { $percent }
notify-below-button = Цена до: { $price }
notify-off = нет
notify-own-percent = Другой процент
notify-reset = ↩️ Как для всех
notify-drop-question = 🏷 С какой скидки писать?

quiet-none = 🌙 Тихих часов нет: пишу в любое время.
quiet-held = 🌙 Тихие часы: { $hours }. Новости подождут и придут потом одним сообщением.
quiet-sent = 🌙 Тихие часы: { $hours }. Новости приходят сразу, но без звука.
quiet-own = Другие часы
quiet-off = Без тихих часов
quiet-silent = Присылать сразу, без звука

digest-none = 🗞 Пишу сразу. Могу собирать новости и присылать раз в день.
digest-daily = 🗞 Присылаю все новости раз в день, в { $at }.
digest-own = Другое время
digest-off = Писать сразу

ask-drop = От скольких процентов скидки писать? Ответьте числом от 1 до 90, «-» отключит.
ask-below = Какой цены в рублях ждать? Напишу, когда товар подешевеет до неё. Ответьте числом, «-» отключит.
ask-quiet = С какого и до какого часа не беспокоить? Ответьте так: 23:30-8:15
ask-digest = Во сколько присылать сводку? Ответьте так: 19:30
ask-include = Какие слова должны быть в названии? Ответьте словами через запятую, хватит любого из них. «-» уберёт их.
ask-exclude = С какими словами в названии товар не нужен? Ответьте словами через запятую. «-» уберёт их.
ask-min = От какой цены в рублях писать? Ответьте числом, «-» уберёт границу.
ask-max = До какой цены в рублях писать? Ответьте числом, «-» уберёт границу.
ask-current = Сейчас: { $current }
ask-unclear = Не получилось разобрать ответ.
ask-words-many =
    { $max ->
        [one] Это больше, чем { $max } слово.
        [few] Это больше, чем { $max } слова.
       *[many] Это больше, чем { $max } слов.
    }
ask-words-long =
    { $max ->
        [one] Одно из слов длиннее, чем { $max } буква.
        [few] Одно из слов длиннее, чем { $max } буквы.
       *[many] Одно из слов длиннее, чем { $max } букв.
    }
ask-price-order = Так ничего не останется: цена «от» выше цены «до».

zone-question = 🕐 Сейчас: { $zone }. По какому времени считать тихие часы и сводку?
zone-kaliningrad = Калининград
zone-moscow = Москва
zone-samara = Самара
zone-yekaterinburg = Екатеринбург
zone-omsk = Омск
zone-novosibirsk = Новосибирск
zone-krasnoyarsk = Красноярск
zone-irkutsk = Иркутск
zone-yakutsk = Якутск
zone-vladivostok = Владивосток
zone-magadan = Магадан
zone-kamchatka = Камчатка
zone-minsk = Минск
zone-kyiv = Киев
zone-chisinau = Кишинёв
zone-tbilisi = Тбилиси
zone-yerevan = Ереван
zone-baku = Баку
zone-almaty = Алматы
zone-tashkent = Ташкент
zone-bishkek = Бишкек
zone-dushanbe = Душанбе
zone-istanbul = Стамбул
zone-jerusalem = Иерусалим
zone-riga = Рига
zone-helsinki = Хельсинки
zone-warsaw = Варшава
zone-berlin = Берлин
zone-belgrade = Белград
zone-london = Лондон
zone-lisbon = Лиссабон
zone-dubai = Дубай
zone-bangkok = Бангкок
zone-new-york = Нью-Йорк
zone-los-angeles = Лос-Анджелес
zone-utc = По Гринвичу
