list-empty = Вы пока ни за кем не следите. Пришлите ссылку на вишлист или /track ник
list-title =
    { $count ->
        [one] Вы следите за { $count } стримером:
       *[other] Вы следите за { $count } стримерами:
    }
list-line =
    { $items ->
        [one] { $number }. { $name } – { $items } товар, с { $since }
        [few] { $number }. { $name } – { $items } товара, с { $since }
       *[many] { $number }. { $name } – { $items } товаров, с { $since }
    }
list-news = , новое { $day }
list-hint = Номер откроет карточку стримера.
list-by-news = ↕️ Сначала новости
list-by-name = ↕️ По имени
list-by-since = ↕️ По дате подписки

about-chat = 💬 <b>{ $title }</b>
