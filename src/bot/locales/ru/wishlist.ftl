wishlist-choose = Чей вишлист показать?
wishlist-title =
    { $count ->
        [0] { $streamer } · вишлист пуст
        [one] { $streamer } · { $count } товар
        [few] { $streamer } · { $count } товара
       *[many] { $streamer } · { $count } товаров
    }
wishlist-card = ⚙️ Стример
order-newest = ↕️ Сначала новые
order-cheapest = ↕️ Сначала дешёвые
order-dearest = ↕️ Сначала дорогие
back = ‹ Назад

wish-open = 🛒 В магазин
wish-of = Вишлист: { $streamer }
wish-since = В списке с { $day }
wish-baseline = В списке с { $day } или раньше
wish-sold = нет в наличии
wish-unavailable = Сейчас нет в наличии
wish-gone = В списке этого больше нет

new-none =
    { $days ->
        [one] За { $days } день ничего нового. Как только появится, напишу.
        [few] За { $days } дня ничего нового. Как только появится, напишу.
       *[many] За { $days } дней ничего нового. Как только появится, напишу.
    }
new-title =
    { $count ->
        [one] 🎁 <b>{ $count } новый товар</b>, дней: { $days }
        [few] 🎁 <b>{ $count } новых товара</b>, дней: { $days }
       *[many] 🎁 <b>{ $count } новых товаров</b>, дней: { $days }
    }

history-title = 📜 { $streamer }: что менялось
history-none = 📜 { $streamer }: с начала слежки ничего не менялось
history-past-title = Больше 400 дней назад, коротко:
history-past =
    { $count ->
        [one] { $days } 🗂 { $item }: { $count } изменение
        [few] { $days } 🗂 { $item }: { $count } изменения
       *[many] { $days } 🗂 { $item }: { $count } изменений
    }
history-past-gone = в списке больше нет
event-added = { $day } ➕ { $item }
event-returned = { $day } 🔁 Снова в списке: { $item }
event-removed = { $day } ➖ Убрано: { $item }
event-unavailable = { $day } 🚫 Нет в наличии: { $item }
event-available = { $day } ✅ Снова в наличии: { $item }
event-cheaper = { $day } 📉 { $item }: { $before } → { $now }
event-dearer = { $day } 📈 { $item }: { $before } → { $now }
