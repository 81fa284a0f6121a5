news-title =
    { $count ->
        [1] 🎁 <b><a href="{ $url }">{ $name }</a></b>: новое желание
        [one] 🎁 <b><a href="{ $url }">{ $name }</a></b>: { $count } новое желание
        [few] 🎁 <b><a href="{ $url }">{ $name }</a></b>: { $count } новых желания
       *[many] 🎁 <b><a href="{ $url }">{ $name }</a></b>: { $count } новых желаний
    }
news-cheaper = 📉 <b><a href="{ $url }">{ $name }</a></b>: подешевело
news-available = ✅ <b><a href="{ $url }">{ $name }</a></b>: снова можно купить
news-gone = ✖️ <b><a href="{ $url }">{ $name }</a></b>: больше не купить
news-line-cheaper = было { $before } → { $now }, { $drop }
news-line-available = снова можно купить
news-line-removed = уже подарено или убрано
news-more = …и ещё { $count }

unreadable-not-found = 🤷 <b><a href="{ $url }">{ $name }</a></b>: на фетте этой страницы нет уже три дня. Продолжаю заглядывать.
unreadable-private = 🔒 <b><a href="{ $url }">{ $name }</a></b>: вишлист скрыт уже три дня. Продолжаю заглядывать.
unreadable-too-long = <b><a href="{ $url }">{ $name }</a></b>: уже три дня товаров столько, что мне не прочитать. Продолжаю заглядывать.
unreadable-silent = ⏳ <b><a href="{ $url }">{ $name }</a></b>: уже три дня не могу прочитать вишлист, фетта его не отдаёт. Продолжаю пробовать.
