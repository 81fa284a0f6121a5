button-open = Открыть
button-mute-day = 🔕 24 ч
button-unmute = 🔔 Включить
button-untrack = Не следить

card-items =
    { $items ->
        [one] { $items } товар, слежу с { $since }
        [few] { $items } товара, слежу с { $since }
       *[many] { $items } товаров, слежу с { $since }
    }
card-news = Последняя новость: { $day }
card-no-news = Новостей пока не было
card-unreadable = ⚠️ Вишлист не читается с { $since }
card-muted = 🔕 Молчу до { $until }
card-muted-forever = 🔕 Молчу, пока не включите
card-notify-line = 🔔 Поводы написать: { $what }
card-priority-line = ⭐ Приоритет: { $level }

card-wishlist = Вишлист
card-history = История
card-mute = 🔕 Молчать
card-filters = 🔎 Фильтры
card-notify = 🏷 Поводы и цены
card-priority = ⭐ Приоритет
card-priority-question = Как часто заглядывать к этому стримеру?
level-normal = обычный
level-high = высокий
level-vip = VIP

mute-question = На сколько замолчать? Новости за это время останутся в истории.
mute-day = 24 часа
mute-week = 7 дней
mute-forever = Насовсем
mute-day-done = Сутки об этом стримере не пишу.
mute-ended = Снова пишу об этом стримере.
mute-done = 🔕 { $name }: молчу до { $until }.
mute-done-forever = 🔕 { $name }: молчу, пока не включите: /unmute ник
unmute-done = 🔔 { $name }: снова пишу.
mute-usage =
    Кого и на сколько заглушить? Например:
    /mute ник – на сутки
    /mute ник 7d – на неделю, forever – насовсем
unmute-usage = Кого снова слушать? Например: /unmute ник

topic-here = 📌 Писать в эту тему
topic-this = 📌 Новости приходят в эту тему
topic-elsewhere = 📌 Новости приходят в другую тему
topic-done = Новости будут приходить в эту тему.

filter-title = 🔎 { $name }: фильтры
filter-none = Пишу обо всём. Фильтры оставят только то, что вам интересно.
filter-include = 🔎 Только со словами: { $words }
filter-exclude = 🚫 Без слов: { $words }
filter-between = 💰 Цена: от { $min } до { $max }
filter-min = 💰 Цена: от { $min }
filter-max = 💰 Цена: до { $max }
filter-include-button = Только со словами
filter-exclude-button = Без слов
filter-min-button = Цена от
filter-max-button = Цена до
filter-clear = 🧹 Убрать все фильтры
