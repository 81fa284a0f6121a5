news-title =
    { $count ->
        [1] 🎁 Новое желание у <b><a href="{ $url }">{ $name }</a></b>:
        [one] 🎁 У <b><a href="{ $url }">{ $name }</a></b> { $count } новое желание:
        [few] 🎁 У <b><a href="{ $url }">{ $name }</a></b> { $count } новых желания:
       *[many] 🎁 У <b><a href="{ $url }">{ $name }</a></b> { $count } новых желаний:
    }
news-more = …и ещё { $count }

unreadable-not-found = 🤷 <b><a href="{ $url }">{ $name }</a></b> уже три дня нет на фетте. Продолжаю заглядывать.
unreadable-private = 🔒 <b><a href="{ $url }">{ $name }</a></b> уже три дня скрывает вишлист. Продолжаю заглядывать.
unreadable-too-long = У <b><a href="{ $url }">{ $name }</a></b> уже три дня столько товаров, что мне не прочитать. Продолжаю заглядывать.
unreadable-silent = ⏳ Уже три дня не могу прочитать вишлист <b><a href="{ $url }">{ $name }</a></b>: фетта его не отдаёт. Продолжаю пробовать.
